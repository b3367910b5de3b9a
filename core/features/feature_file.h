#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "features/cache_key.h"
#include "features/feature_table.h"

namespace promptbed {

/// An HDF5 file of features, opened for reading. It is a snapshot: who replaces the file by another does not
/// disturb it. All of HDF5 is to be used by one thread.
///
/// In the file, for N rows: `features` [N, D] f16 or f32, and the columns `image`, `view`, `picture_bytes`
/// and `picture_modified` [N]; `checksums` with one XXH3 hash for each block of 1024 rows and all their
/// columns; the key as JSON in the attribute `key`.
class FeatureFile {
 public:
  /// Reads the key and the rows. Throws Error where the file cannot be read, is no HDF5 file or is damaged.
  explicit FeatureFile(const std::filesystem::path& path);

  /// The same, and throws Error naming the difference where the file's key is another.
  FeatureFile(const std::filesystem::path& path, const CacheKey& expected);

  FeatureFile(FeatureFile&&) noexcept;
  FeatureFile& operator=(FeatureFile&&) noexcept;
  ~FeatureFile();

  const CacheKey& key() const { return key_; }
  const std::vector<FeatureRow>& rows() const { return rows_; }

  /// Reads all features in one go, verified -> [N, D] in the stored type. Throws Error naming the first rows
  /// whose checksum does not match.
  Tensor features() const;

 private:
  struct Handle;

  std::filesystem::path path_;
  CacheKey key_;
  std::vector<FeatureRow> rows_;
  std::unique_ptr<Handle> handle_;
};

/// Writes such a file; readers see all of it or nothing. Throws Error where it cannot be written.
void write_feature_file(const std::filesystem::path& path, const CacheKey& key, const FeatureTable& table);

/// f16 or f32 as LibTorch names them.
torch::Dtype dtype_of(StoredType stored);

}  // namespace promptbed
