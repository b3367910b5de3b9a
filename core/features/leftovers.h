#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace promptbed {

/// Files beside a cache that a writer leaves when it is killed.
struct Leftovers {
  std::vector<std::filesystem::path> parts;       ///< complete blocks, oldest first
  std::vector<std::filesystem::path> incomplete;  ///< temporary files
};

Leftovers find_leftovers(const std::filesystem::path& cache);

/// Where block `number` of a cache's writer goes: <cache>.part000001
std::filesystem::path part_path(const std::filesystem::path& cache, int64_t number);

}  // namespace promptbed
