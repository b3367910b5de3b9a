#pragma once

#include <promptbed/plugin.h>

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "features/feature_cache.h"
#include "sweep/plan.h"

namespace promptbed {

/// Of images, as the cache names them.
std::vector<std::string> paths_of(const std::vector<Image>& images);

/// The stored views that a run trains on: 0 to V-1, or the centre crop alone, which stands for the images of
/// a run that takes pixels, too.
std::vector<int> training_views(int64_t views);

/// The images of a split that every run is tested on, in the centre crop.
FeatureRequest test_request(const Split& split);

/// The same images in so many random crops.
FeatureRequest test_views_request(const Split& split, int64_t views);

/// The images that a run trains on, in its views.
FeatureRequest training_request(const Job& job);

/// Those that it validates on, in the centre crop.
FeatureRequest validation_request(const Job& job);

/// What a run's identity calls them: "val" for those that were drawn, "full_val" for all of the trained
/// classes.
const char* validation_part(Selection selection);

/// All that any run on a split may ask for: training images in the centre crop and in V views, the others in
/// the centre crop.
std::vector<FeatureRequest> requests_of(const Split& split, int64_t views);

/// What the given runs ask for of a dataset: all test images if one of them tests it, and the draws of those
/// that train on it; nothing for those that take pixels.
std::vector<FeatureRequest> requests_of(const PlannedDataset& dataset,
                                        const std::vector<const PlannedRun*>& runs);

/// The random crops of test images that the given runs ask for, as many as the one that asks for most; none
/// if no run does.
std::vector<FeatureRequest> test_views_of(const PlannedDataset& dataset,
                                          const std::vector<const PlannedRun*>& runs);

/// What the runs need of each dataset of the plan. Opens the features of all of them, so that a wrong file
/// shows before any work. Throws Error if sealed features lack something.
std::vector<Extraction> extractions_of(const Plan& plan, const std::vector<const PlannedRun*>& runs,
                                       const Inputs& inputs);

/// Brings into the caches what they lack, with so many images in work at a time. An image that is missing or
/// unreadable spoils its dataset only. Returns why, by the spoilt dataset's id. Throws Interrupted on Ctrl-C.
std::map<std::string, std::string> extract(const std::vector<Extraction>& extractions, Inputs& inputs,
                                           int64_t threads, std::ostream& log);

/// The labels of images, int64 [N].
Tensor labels_of(const std::vector<Image>& images);

/// ShownImages::crops of a dataset's images: so many each. The cache is kept as long as they are.
std::function<Tensor(const Tensor& rows)> crops_of(std::shared_ptr<const FeatureCache> test_views,
                                                   const std::vector<Image>& images, int64_t views);

/// Features of images of a dataset in the given views, with their labels, on the sweep's device.
FeatureSet read_features(const FeatureCache& cache, const std::vector<Image>& images,
                         const std::vector<int>& views, torch::Device device);

}  // namespace promptbed
