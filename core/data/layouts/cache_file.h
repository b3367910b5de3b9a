#pragma once

#include <filesystem>
#include <string>

namespace promptbed {

/// Where the cache keeps something about the dataset in a folder: <cache>/<shelf>/<dataset>-<16
/// digits><ending>. Two folders never share a file. Empty without a cache.
///
///     cache_file("runs/cache", "splits", "birds", "photos/birds", ".json")
std::filesystem::path cache_file(const std::filesystem::path& cache, const std::string& shelf,
                                 const std::string& dataset, const std::filesystem::path& folder,
                                 const std::string& ending);

}  // namespace promptbed
