#pragma once

#include <map>
#include <string>

#include "features/feature_cache.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// The caches of the datasets at hand, each opened when it is first asked for.
class OpenCaches {
 public:
  explicit OpenCaches(const Inputs& inputs) : inputs_(inputs) {}

  /// Throws Error where the file is of another key or damaged.
  const FeatureCache& of(const PlannedDataset& dataset);

  /// Closes those that the run does not need: runs come dataset by dataset.
  void keep_those_of(const PlannedRun& run);

 private:
  const Inputs& inputs_;
  std::map<std::string, FeatureCache> caches_;  // by the dataset's id
};

}  // namespace promptbed
