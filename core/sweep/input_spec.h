#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "clip/checkpoint.h"
#include "clip/layers.h"

namespace promptbed {

/// Which datasets, by which model, and where the features of the ones by the other are kept.
struct InputSpec {
  std::string suite;
  std::string datasets = "all";  ///< "all", or ids of the suite with commas between

  std::filesystem::path model;           ///< empty: the suite's own
  std::optional<Activation> activation;  ///< for model files that do not tell theirs
  std::filesystem::path data;  ///< holds the datasets' folders; empty: the suite's own, and its features
  std::filesystem::path cache = "runs/cache";
  std::filesystem::path suites;  ///< the folder that holds the suites

  int64_t views = 10;  ///< augmented renderings per training image; 0: the centre crop only
  Placement placement;
};

}  // namespace promptbed
