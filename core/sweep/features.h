#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "features/feature_cache.h"
#include "sweep/plan.h"

namespace promptbed {

/// The views that a run trains on: 0 to V-1, or the centre crop alone.
std::vector<int> training_views(int64_t views);

/// All that any run on a split may ask for: training images in the centre crop and in V views, the others in
/// the centre crop.
std::vector<FeatureRequest> requests_of(const Split& split, int64_t views);

/// What the given runs ask for of a dataset: all test images where it is tested, and the draws of the runs
/// that are trained on it.
std::vector<FeatureRequest> requests_of(const PlannedDataset& dataset,
                                        const std::vector<const PlannedRun*>& runs);

/// Opens the features of all datasets, so that one that is wrong shows before any work. Returns for each
/// dataset how many pictures the runs need whose features are not there. Throws Error where sealed features
/// lack something.
std::vector<int64_t> count_missing_pictures(const Plan& plan, const std::vector<const PlannedRun*>& runs,
                                            const Inputs& inputs);

/// Extracts what the runs need and the caches lack, dataset by dataset. A picture that is missing or
/// unreadable spoils its dataset only. Returns for each spoilt dataset's id why. Throws Interrupted on
/// Ctrl-C.
std::map<std::string, std::string> extract_missing_features(const Plan& plan,
                                                            const std::vector<const PlannedRun*>& runs,
                                                            Workbench& bench, std::ostream& log);

/// Features of images of a dataset in the given views, with their labels, on the sweep's device.
FeatureSet read_features(const FeatureCache& cache, const std::vector<Image>& images,
                         const std::vector<int>& views, torch::Device device);

}  // namespace promptbed
