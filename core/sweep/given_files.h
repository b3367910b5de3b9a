#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "data/draws/few_shot.h"
#include "data/layouts/split.h"
#include "sweep/class_descriptions.h"
#include "sweep/inputs.h"
#include "sweep/sweep_spec.h"

/// What users put in the place of what a sweep would draw or say itself.
namespace promptbed {

/// Draws that the user gave in files, each in place of the one that a dataset, shots and a seed stand for.
class GivenDraws {
 public:
  /// Throws Error for a file that is no draw, or a changed one, and for two of the same dataset, shots and
  /// seed.
  explicit GivenDraws(const std::vector<std::filesystem::path>& files);

  /// Throws Error for a draw of a dataset, shots or seed that the sweep does not have.
  void check_grid(const std::vector<DatasetSpec>& datasets, const SweepSpec& spec) const;

  /// The draw that was given, if any. Throws Error if it does not fit the split.
  std::optional<FewShotDraw> find(const Split& split, const std::string& dataset, int64_t shots,
                                  int64_t seed) const;

 private:
  using Cell = std::tuple<std::string, int64_t, int64_t>;  // dataset, shots, seed

  struct Given {
    std::filesystem::path file;
    FewShotDraw draw;
  };

  std::map<Cell, Given> given_;
};

/// What users' files say of the classes of datasets.
class GivenDescriptions {
 public:
  /// Throws Error for a file that describes no classes, and for a dataset that is not one of the sweep's.
  GivenDescriptions(const std::map<std::string, std::filesystem::path>& files, const Inputs& inputs);

  /// Null for a dataset without a file.
  const ClassDescriptions* find(const std::string& dataset) const;

 private:
  std::map<std::string, ClassDescriptions> given_;
};

}  // namespace promptbed
