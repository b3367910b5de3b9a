#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace promptbed {

/// Files that a killed writer leaves beside a cache.
struct Leftovers {
  std::vector<std::filesystem::path> parts;       ///< complete blocks, oldest first
  std::vector<std::filesystem::path> incomplete;  ///< temporary files
};

Leftovers find_leftovers(const std::filesystem::path& cache);

/// The file of a writer's block `number`: <cache>.part000001
std::filesystem::path part_path(const std::filesystem::path& cache, int64_t number);

}  // namespace promptbed
