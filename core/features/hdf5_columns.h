#pragma once

#include <H5Cpp.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {

/// How the numbers of a column lie in the file.
enum class Packing { plain, deflated };

/// A new set of values with a shape. Without the time of its making, so that equal contents are equal bytes.
H5::DataSet create_set(H5::H5File& file, const char* name, const H5::DataType& type,
                       const std::vector<hsize_t>& shape, Packing packing);

/// Opens a set that must have a certain shape. Throws H5::Exception where it has another: the file is
/// damaged.
H5::DataSet open_set(const H5::H5File& file, const char* name, const std::vector<hsize_t>& shape);

/// The shape of a set.
std::vector<hsize_t> shape_of(const H5::DataSet& set);

/// Writes a column of numbers.
template <class Value>
void write_column(H5::H5File& file, const char* name, const H5::DataType& type,
                  const std::vector<Value>& values, Packing packing = Packing::deflated) {
  create_set(file, name, type, {values.size()}, packing).write(values.data(), type);
}

/// Reads a column of so many numbers. Throws H5::Exception.
template <class Value>
std::vector<Value> read_column(const H5::H5File& file, const char* name, const H5::DataType& type,
                               size_t size) {
  std::vector<Value> values(size);
  open_set(file, name, {size}).read(values.data(), type);
  return values;
}

/// Texts of a column as they lie in the file: one after another, each padded with zeros to the longest.
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

/// The same for texts, in UTF-8 and without zeros.
void write_texts(H5::H5File& file, const char* name, const std::vector<std::string>& texts, Packing packing);
PaddedTexts read_texts(const H5::H5File& file, const char* name);

/// Where the values of a set lie in its file, one after another as they are written; nothing where they lie
/// in pieces or packed.
std::optional<hsize_t> offset_of(const H5::DataSet& set);

}  // namespace promptbed
