#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "features/cache_key.h"
#include "features/feature_cache.h"

namespace promptbed {

/// Summary of a feature file.
struct CacheSummary {
  std::filesystem::path path;
  uintmax_t bytes = 0;
  std::string fault;  ///< why it cannot be used; the members below are valid only if this is ""
  CacheKey key;
  int64_t rows = 0;
  bool sealed = false;
  bool in_place = false;  ///< whether it is where a cache keeps its files: in a folder named by a fingerprint
};

/// All feature files under a folder, sorted by path; none if there is no such folder. Features are not read.
std::vector<CacheSummary> list_caches(const std::filesystem::path& folder);

/// Reads all features of a file. Throws Error if it is damaged.
void verify_cache(const std::filesystem::path& path);

/// Removes a cache file and what a killed writer left beside it. Waits for an active writer, and says so on
/// `log`.
void remove_cache(const std::filesystem::path& path, std::ostream& log);

/// Writes the requested features, in order and each once, to a sealed file. Equal features give equal bytes.
/// Throws Error, naming the first such image, if the cache lacks one or has it of other contents than the
/// file now has (see FeatureCache::missing).
void seal_features(const FeatureCache& cache, std::span<const FeatureRequest> requests,
                   ContentIndex* contents, const std::filesystem::path& sealed);

}  // namespace promptbed
