#pragma once

#include <filesystem>
#include <span>

#include "features/feature_cache.h"

namespace promptbed {

/// Writes the requested features, in order and each once, to a sealed file. Equal features give equal bytes.
/// Throws Error, naming the first such image, if the cache lacks one or has it of an earlier file than the
/// one in `image_folder` (see FeatureCache::missing).
void seal_features(const FeatureCache& cache, std::span<const FeatureRequest> requests,
                   const std::filesystem::path& image_folder, const std::filesystem::path& sealed);

}  // namespace promptbed
