#pragma once

#include <filesystem>
#include <span>

#include "features/feature_cache.h"

namespace promptbed {

/// Writes the features that the requests name, in their order and each once, as a sealed file. The same
/// features give the same bytes. Throws Error naming the first picture that the cache does not have, or has
/// of an earlier picture than the one in `image_folder` (see FeatureCache::missing).
void seal_features(const FeatureCache& cache, std::span<const FeatureRequest> requests,
                   const std::filesystem::path& image_folder, const std::filesystem::path& sealed);

}  // namespace promptbed
