#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"
#include "data/suites/chosen_datasets.h"

namespace promptbed {

/// Which datasets, by which model, and where the features of the ones by the other are kept: in the cache.
struct InputSpec : DataSpec {
  InputSpec() { cache = "runs/cache"; }

  std::string target_suite;              ///< one more suite, whose datasets are tested on; "": none
  std::string targets = "all";           ///< which of its datasets
  std::filesystem::path model;           ///< empty: the suite's own
  std::optional<Activation> activation;  ///< for model files that do not tell theirs
  int64_t views = 10;                    ///< augmented renderings per training image; 0: the centre crop only
  Placement placement;
};

}  // namespace promptbed
