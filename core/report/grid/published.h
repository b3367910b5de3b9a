#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/run_spec.h"

namespace promptbed {

/// Accuracies of a method on one dataset as a paper prints them, in percent.
struct PublishedBaseNew {
  double base = 0;
  double unseen = 0;
  double h = 0;
};

/// Values by place in a run's canonical JSON ("/options/n_ctx"), each as JSON text.
using RequiredSettings = std::map<std::string, std::string>;

/// One of our methods, and what its runs have to be like to be what a paper reports.
struct PublishedMethod {
  std::string method;
  std::vector<std::string> called;  ///< what the paper's tables call it
  RequiredSettings settings;
  std::map<std::string, RequiredSettings> datasets;  ///< others on these
};

/// The figures of a paper: data, read from a folder `published` of a suite.
///
/// A method's name is ours; a dataset's is its id, or "average" and "average_of_targets" for what the paper
/// prints so.
struct Published {
  std::string title;     ///< "CoCoOp"
  std::string source;    ///< "arXiv 2203.05557"
  std::string citation;  ///< in full
  std::string backbone;  ///< "ViT-B/16"
  int64_t shots = 0;
  std::vector<int64_t> seeds;
  std::map<std::string, std::string> places;  ///< "base-new" -> "table 1"
  RequiredSettings settings;                  ///< that all runs have to have
  std::map<std::string, RequiredSettings> datasets;
  std::vector<PublishedMethod> methods;

  using Place = std::pair<std::string, std::string>;  ///< method, dataset
  std::map<Place, PublishedBaseNew> base_new;
  std::map<Place, int64_t> parameters;                       ///< without biases
  std::map<std::string, std::map<Place, double>> transfers;  ///< by protocol

  /// The method of ours by its name; nullptr where the paper has none such.
  const PublishedMethod* find(std::string_view method) const;

  /// Why a run is not what the paper reports: "n_ctx is 16, the paper's 4"; nothing where all that can be
  /// compared is equal. The weights of the model cannot be. `architecture`: the model's, "" where it is not
  /// known.
  std::optional<std::string> mismatch(const RunSpec& run, std::string_view architecture) const;
};

/// All papers of a folder of suites: SUITE/published/*.json with the CSV files that they name. Throws Error
/// naming the file that is not as it has to be.
std::vector<Published> read_published(const std::filesystem::path& suites);

}  // namespace promptbed
