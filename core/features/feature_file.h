#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "features/cache_key.h"
#include "features/feature_table.h"

namespace promptbed {

class Hdf5Reader;

/// The purpose of a feature file.
enum class FileKind {
  cache,   ///< grows, and goes stale with its images: fast to write, with a hash of what each image held
  sealed,  ///< is distributed without images: small, equal bytes for equal features of equal images
};

/// An HDF5 file of features, opened for reading. It is a snapshot: replacing the file does not affect it.
/// HDF5 must be used from one thread only.
///
/// The file holds, for N rows of P images: `features` [N, D] f16 or f32; `pictures` [P], the images' paths;
/// the columns `picture` (an index into `pictures`), `view` and, `picture_hash`, in a sealed file
/// `sealed_picture_hash` [N]; `checksums` with one XXH3 hash for each block of 1024 rows and all their
/// columns; the key as JSON in the attribute `key`. Caches of earlier versions have the times of their images
/// in place of hashes, which says too little: they are read as if they had no rows.
class FeatureFile {
 public:
  /// Reads the key and the rows. Throws Error if the file cannot be read, is not an HDF5 file, has an earlier
  /// format or is damaged.
  explicit FeatureFile(const std::filesystem::path& path);

  /// The same; also throws Error, naming the difference, if the file has another key.
  FeatureFile(const std::filesystem::path& path, const CacheKey& expected);

  FeatureFile(FeatureFile&&) noexcept;
  FeatureFile& operator=(FeatureFile&&) noexcept;
  ~FeatureFile();

  const CacheKey& key() const { return key_; }
  const std::vector<FeatureRow>& rows() const { return rows_; }

  /// Whether it is sealed: valid without its images, which it is not compared with.
  bool sealed() const { return sealed_; }

  /// Reads and verifies all features -> [N, D] in the stored type, read-only: not copied if they are
  /// contiguous in the file. Throws Error, naming the first rows, if a checksum does not match.
  Tensor features() const;

 private:
  std::filesystem::path path_;
  CacheKey key_;
  std::vector<FeatureRow> rows_;
  bool sealed_ = false;
  std::unique_ptr<Hdf5Reader> file_;
};

/// Writes such a file atomically. Throws Error if it cannot be written.
void write_feature_file(const std::filesystem::path& path, const CacheKey& key, const FeatureTable& table,
                        FileKind kind = FileKind::cache);

/// LibTorch's name of f16 or f32.
torch::Dtype dtype_of(StoredType stored);

}  // namespace promptbed
