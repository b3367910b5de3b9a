#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "features/cache_key.h"
#include "features/feature_table.h"

namespace promptbed {

/// What a file of features is for.
enum class FileKind {
  cache,   ///< grows and goes stale with its pictures: fast to write, and knows each picture's stamp
  sealed,  ///< is passed on without pictures: small, the same bytes for the same features, and no stamps
};

/// An HDF5 file of features, opened for reading. It is a snapshot: who replaces the file by another does not
/// disturb it. All of HDF5 is to be used by one thread.
///
/// In the file, for N rows of P pictures: `features` [N, D] f16 or f32; `pictures` [P], their paths; the
/// columns `picture` (a place in `pictures`), `view` and, unless the file is sealed, `picture_bytes` and
/// `picture_modified` [N]; `checksums` with one XXH3 hash for each block of 1024 rows and all their columns;
/// the key as JSON in the attribute `key`.
class FeatureFile {
 public:
  /// Reads the key and the rows. Throws Error where the file cannot be read, is no HDF5 file, is of an
  /// earlier format or is damaged.
  explicit FeatureFile(const std::filesystem::path& path);

  /// The same, and throws Error naming the difference where the file's key is another.
  FeatureFile(const std::filesystem::path& path, const CacheKey& expected);

  FeatureFile(FeatureFile&&) noexcept;
  FeatureFile& operator=(FeatureFile&&) noexcept;
  ~FeatureFile();

  const CacheKey& key() const { return key_; }
  const std::vector<FeatureRow>& rows() const { return rows_; }

  /// Whether it counts without its pictures: there is nothing in it to compare them with.
  bool sealed() const { return sealed_; }

  /// Reads all features in one go, verified -> [N, D] in the stored type, to be read only: where the file
  /// holds them as they are, they are not copied. Throws Error naming the first rows whose checksum does not
  /// match.
  Tensor features() const;

 private:
  struct Handle;

  std::filesystem::path path_;
  CacheKey key_;
  std::vector<FeatureRow> rows_;
  bool sealed_ = false;
  std::unique_ptr<Handle> handle_;
};

/// Writes such a file; readers see all of it or nothing. Throws Error where it cannot be written.
void write_feature_file(const std::filesystem::path& path, const CacheKey& key, const FeatureTable& table,
                        FileKind kind = FileKind::cache);

/// f16 or f32 as LibTorch names them.
torch::Dtype dtype_of(StoredType stored);

}  // namespace promptbed
