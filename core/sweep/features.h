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

/// The cache of a planned dataset's features.
FeatureCache open_cache(const PlannedDataset& dataset, const Workbench& bench);

/// Pictures of a dataset whose features some of the runs need and the cache lacks.
std::vector<MissingPicture> missing_pictures(const FeatureCache& cache, const PlannedDataset& dataset,
                                             const std::vector<const PlannedRun*>& runs,
                                             const Workbench& bench);

/// Extracts what the pending runs need and the caches lack, dataset by dataset. A picture that is missing or
/// unreadable spoils its dataset only. Returns for each spoilt dataset's id why. Throws Interrupted on
/// Ctrl-C.
std::map<std::string, std::string> extract_missing_features(const Plan& plan, Workbench& bench,
                                                            std::ostream& log);

/// Features of images of a dataset in the given views, with their labels, on the sweep's device.
FeatureSet read_features(const FeatureCache& cache, const std::vector<Image>& images,
                         const std::vector<int>& views, torch::Device device);

}  // namespace promptbed
