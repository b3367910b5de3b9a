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

/// Adds rows to a cache file so that a kill at any moment loses at most the last seconds' rows. Rows are
/// gathered into blocks; each complete block becomes a file of its own beside the cache
/// (<cache>.part000001, ...), and at the end all of them and the cache become one new file by a rename.
class FeatureWriter {
 public:
  /// Waits until no other process writes, then merges what a killed writer left behind. Throws Error where
  /// the folder cannot be written or the file is of another key, Interrupted where the user gives up waiting.
  FeatureWriter(std::filesystem::path cache, CacheKey key, std::ostream& log);

  /// Adds rows [N] and their features [N, D], f32. Writes a block when it is large or old enough.
  void append(std::span<const FeatureRow> rows, const Tensor& features);

  /// Writes the rows gathered so far, whatever their number.
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

}  // namespace promptbed
