#pragma once

#include <promptbed/tensor.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <vector>

#include "base/writer_lock.h"
#include "features/cache_key.h"
#include "features/feature_table.h"

namespace promptbed {

/// Adds rows to a cache file. A kill at any moment loses at most the last seconds' rows: rows are gathered
/// into blocks, each complete block is written to a file beside the cache (<cache>.part000001, ...), and in
/// the end the cache and all blocks are merged into a new file that is renamed into place.
class FeatureWriter {
 public:
  /// Waits until no other process writes, then merges what a killed writer left behind. Throws Error if the
  /// folder cannot be written or the file has another key, Interrupted if the user gives up waiting.
  FeatureWriter(std::filesystem::path cache, CacheKey key, std::ostream& log);

  /// Adds rows [N] and their features [N, D], f32. Writes the block once it is large or old enough.
  void append(std::span<const FeatureRow> rows, const Tensor& features);

  /// Writes the rows gathered so far, however few.
  void flush();

  /// Merges all blocks into the cache file.
  void finish();

  int64_t rows_written() const { return rows_written_; }

 private:
  using Clock = std::chrono::steady_clock;

  void merge_parts();

  std::filesystem::path cache_;
  CacheKey key_;
  WriterLock lock_;
  std::vector<FeatureTable> block_;  ///< as they were appended
  int64_t block_rows_ = 0;
  Clock::time_point block_start_ = Clock::now();
  int64_t parts_ = 0;
  int64_t rows_written_ = 0;
};

/// Files that a killed writer leaves beside a cache.
struct Leftovers {
  std::vector<std::filesystem::path> parts;       ///< complete blocks, oldest first
  std::vector<std::filesystem::path> incomplete;  ///< temporary files
};

/// Those beside a cache; none if its folder is not there.
Leftovers find_leftovers(const std::filesystem::path& cache);

/// Merges what a killed writer left beside a cache into it, unless somebody writes to it now. Returns whether
/// there was anything. Throws as FeatureWriter does.
bool clean_up(const std::filesystem::path& cache, const CacheKey& key, std::ostream& log);

/// The file of a writer's block `number`: <cache>.part000001
std::filesystem::path part_path(const std::filesystem::path& cache, int64_t number);

}  // namespace promptbed
