#pragma once

#include <promptbed/protocol.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "data/pictures/view.h"
#include "results/run_spec.h"

namespace promptbed {

/// What a paper prints for a method on one dataset: accuracies in percent, and learned parameters, by the
/// names of a grid's measures ("Base", "New", "H", "Accuracy") and kPublishedParameters.
using PublishedFigures = std::map<std::string, double>;

inline constexpr const char* kPublishedParameters = "Parameters";

/// Stands for a dataset in the place of an average that is printed.
inline constexpr const char* kPrintedAverage = "average";

/// Values by place in a run's canonical JSON ("/options/n_ctx"), each as JSON text.
using RequiredSettings = std::map<std::string, std::string>;

/// One of our methods, and what its runs must be like to be what a paper reports.
struct PublishedMethod {
  std::string method;
  std::vector<std::string> called;  ///< what the paper's tables call it
  RequiredSettings settings;
  std::map<std::string, RequiredSettings> datasets;  ///< others on these
};

/// The figures of a paper: data, read from a folder `published` of a suite.
///
/// A method's name is ours; a dataset's is its id, or kPrintedAverage, or "average_of_targets" of transfers.
struct Published {
  std::string title;     ///< "CoCoOp"
  std::string source;    ///< "arXiv 2203.05557"
  std::string citation;  ///< in full
  std::string backbone;  ///< "ViT-B/16"
  int64_t shots = 0;
  std::vector<int64_t> seeds;
  std::map<std::string, std::string, std::less<>> places;  ///< "base-new" -> "table 1"
  std::vector<std::string> remarks;  ///< on how the figures came about, for whoever compares
  CropRange crops;                   ///< of the training images
  RequiredSettings settings;         ///< that all runs must have
  std::map<std::string, RequiredSettings> datasets;
  std::vector<PublishedMethod> methods;

  using Place = std::tuple<Protocol, std::string, std::string>;  ///< protocol, method, dataset
  std::map<Place, PublishedFigures> figures;

  /// What its averages of base-new are over, if no figures on each of these datasets are at hand.
  std::set<std::string> averaged;

  /// nullptr if the paper does not have the method.
  const PublishedMethod* find(std::string_view method) const;

  /// Why a run is not what the paper reports: "n_ctx is 16, the paper's 4"; nothing if all that can be
  /// compared is equal. The model's weights cannot be. `architecture`: the model's, "" if unknown.
  std::optional<std::string> mismatch(const RunSpec& run, std::string_view architecture) const;
};

/// All papers in a folder of suites: SUITE/published/*.json with the CSV files that they name. Throws Error
/// naming a faulty file.
std::vector<Published> read_published(const std::filesystem::path& suites);

}  // namespace promptbed
