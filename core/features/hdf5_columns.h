#pragma once

#include <H5Cpp.h>

#include <string>
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

/// The same for texts, in UTF-8 and without zeros.
void write_texts(H5::H5File& file, const char* name, const std::vector<std::string>& texts);
std::vector<std::string> read_texts(const H5::H5File& file, const char* name);

}  // namespace promptbed
