#pragma once

#include <string>
#include <vector>

#include "features/feature_cache.h"
#include "sweep/inputs.h"
#include "sweep/plan.h"

/// What a run's images held is part of what it is.
namespace promptbed {

/// A hash of what the images of a request hold now: FeatureCache::hash_of_images, "" if they do not say.
/// Throws PictureError for an image that cannot be read and whose features are not in the cache.
std::string hash_of_images(const std::string& dataset, const FeatureRequest& request, OpenDatasets& datasets);

/// The same of images that are read as pixels, by their files alone. Throws PictureError for one that cannot
/// be read.
std::string hash_of_pictures(const std::string& dataset, const std::vector<Image>& images,
                             OpenDatasets& datasets);

/// For each dataset, what is to be said of finished runs that do not count, since their images held something
/// else or nobody knows what: how many of the runs to be made they stand in for.
std::vector<std::string> image_warnings(const std::vector<PlannedRun>& runs, const KnownRuns& known);

}  // namespace promptbed
