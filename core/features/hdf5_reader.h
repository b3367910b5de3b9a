#pragma once

#include <H5Cpp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {

/// Strings of a column as stored: concatenated, each padded with zeros to the width of the longest.
class PaddedTexts {
 public:
  PaddedTexts(std::string characters, size_t width) : characters_(std::move(characters)), width_(width) {}

  size_t size() const { return characters_.size() / width_; }
  std::string_view operator[](size_t i) const {
    const std::string_view padded = std::string_view(characters_).substr(i * width_, width_);
    return padded.substr(0, padded.find('\0'));
  }

 private:
  std::string characters_;
  size_t width_;
};

/// Reads columns from an HDF5 file, which may be anybody's: exactly those that hdf5_columns.h writes.
///
/// HDF5 itself only says where the bytes are. They are mapped or unpacked here, once type, shape and storage
/// are known to be ours, so nothing in the file decides how much is written where; and no link, external file
/// or virtual layout is followed and no filter loaded. What is read may take 64 MiB and 16 times the file's
/// size of memory.
///
/// Every function throws H5::Exception if the file is damaged or holds something else.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);

  /// Whether the file has a dataset of that name.
  bool has(const char* name) const;

  /// A text of at most 64 KiB that is an attribute of the file.
  std::string attribute(const char* name) const;

  /// The extents of a dataset of `rank` dimensions.
  std::vector<hsize_t> shape(const char* name, size_t rank) const;

  /// The values of a dataset that must have this type and shape, in rows; not copied if they are contiguous
  /// in the file.
  std::shared_ptr<const std::byte> values(const char* name, const H5::DataType& type,
                                          const std::vector<hsize_t>& shape);

  /// A column of `size` numbers.
  template <class Value>
  std::vector<Value> column(const char* name, const H5::DataType& type, size_t size) {
    const std::shared_ptr<const std::byte> bytes = values(name, type, {size});
    charge(size * sizeof(Value));
    std::vector<Value> numbers(size);
    if (size > 0) std::memcpy(numbers.data(), bytes.get(), size * sizeof(Value));
    return numbers;
  }

  /// A column of texts, each of at most 4096 bytes.
  PaddedTexts texts(const char* name);

  /// Counts memory that what has been read takes elsewhere. Throws H5::Exception if it is more than the file
  /// may ask for.
  void charge(uint64_t bytes);

 private:
  void check_budget(uint64_t bytes) const;
  H5::DataSet open(const char* name) const;
  std::shared_ptr<const std::byte> mapped(const H5::DataSet& set, uint64_t size) const;
  std::shared_ptr<const std::byte> unpacked(const char* name, const H5::DataSet& set, size_t value_bytes,
                                            const std::vector<hsize_t>& shape, uint64_t size);

  H5::H5File file_;
  int descriptor_ = -1;  ///< HDF5's
  uint64_t file_bytes_ = 0;
  uint64_t budget_ = 0;
};

}  // namespace promptbed
