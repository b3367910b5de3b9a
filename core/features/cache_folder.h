#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "features/cache_key.h"

namespace promptbed {

/// What is to be told of a feature file.
struct CacheSummary {
  std::filesystem::path path;
  uintmax_t bytes = 0;
  std::string fault;  ///< why it cannot be used; "" where it can, and only then what follows has meaning
  CacheKey key;
  int64_t rows = 0;
  bool sealed = false;
  bool in_place = false;  ///< lies where a cache has its files: below the folder, in one of a fingerprint
};

/// All feature files under a folder, sorted by path; none where there is no such folder. Features are not
/// read.
std::vector<CacheSummary> list_caches(const std::filesystem::path& folder);

/// Reads all features of a file. Throws Error naming it where it is damaged.
void verify_cache(const std::filesystem::path& path);

/// Removes a cache file and what a killed writer left beside it; waits for one that is at work, and says so
/// on `log`. The lock stays: another may be waiting for it.
void remove_cache(const std::filesystem::path& path, std::ostream& log);

}  // namespace promptbed
