#pragma once

#include <H5Cpp.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {

/// How the file stores the numbers of a column.
enum class Packing { plain, deflated };

/// A new dataset of this shape, without creation time, so that equal contents are equal bytes.
H5::DataSet create_set(H5::H5File& file, const char* name, const H5::DataType& type,
                       const std::vector<hsize_t>& shape, Packing packing);

/// Opens a dataset that must have this shape. Throws H5::Exception if it has another: the file is damaged.
H5::DataSet open_set(const H5::H5File& file, const char* name, const std::vector<hsize_t>& shape);

/// The shape of a dataset.
std::vector<hsize_t> shape_of(const H5::DataSet& set);

/// Writes a column of numbers.
template <class Value>
void write_column(H5::H5File& file, const char* name, const H5::DataType& type,
                  const std::vector<Value>& values, Packing packing = Packing::deflated) {
  create_set(file, name, type, {values.size()}, packing).write(values.data(), type);
}

/// Reads a column of this many numbers. Throws H5::Exception.
template <class Value>
std::vector<Value> read_column(const H5::H5File& file, const char* name, const H5::DataType& type,
                               size_t size) {
  std::vector<Value> values(size);
  open_set(file, name, {size}).read(values.data(), type);
  return values;
}

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

/// The same for strings: UTF-8, without zeros.
void write_texts(H5::H5File& file, const char* name, const std::vector<std::string>& texts, Packing packing);
PaddedTexts read_texts(const H5::H5File& file, const char* name);

/// The offset of a dataset's values in the file; nothing if they are chunked or compressed.
std::optional<hsize_t> offset_of(const H5::DataSet& set);

}  // namespace promptbed
