#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Arrays in NumPy's format (version 1.0 of numpy.lib.format), as the contents of files: C order,
/// little-endian.
namespace promptbed {

/// float32. Throws std::logic_error unless there are as many values as the shape says.
std::string npy_of(std::span<const float> values, const std::vector<int64_t>& shape);

/// int64, one-dimensional.
std::string npy_of(std::span<const int64_t> values);

/// Unicode texts from UTF-8, one-dimensional, each as long as the longest. Bytes that are not UTF-8 become
/// U+FFFD.
std::string npy_of(const std::vector<std::string>& texts);

}  // namespace promptbed
