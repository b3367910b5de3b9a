#pragma once

#include <H5Cpp.h>

#include <string>
#include <vector>

namespace promptbed {

/// How the file stores the numbers of a column.
enum class Packing { plain, deflated };

/// A new dataset of this shape, without creation time, so that equal contents are equal bytes.
H5::DataSet create_set(H5::H5File& file, const char* name, const H5::DataType& type,
                       const std::vector<hsize_t>& shape, Packing packing);

/// Writes a column of numbers.
template <class Value>
void write_column(H5::H5File& file, const char* name, const H5::DataType& type,
                  const std::vector<Value>& values, Packing packing = Packing::deflated) {
  create_set(file, name, type, {values.size()}, packing).write(values.data(), type);
}

/// The same for strings: UTF-8, without zeros.
void write_texts(H5::H5File& file, const char* name, const std::vector<std::string>& texts, Packing packing);

}  // namespace promptbed
