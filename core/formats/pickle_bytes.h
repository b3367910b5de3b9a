#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "formats/pickle_value.h"

namespace promptbed {

/// Reads a pickle's bytes from front to back. Every function throws PickleFault where the end comes too
/// early.
class PickleBytes {
 public:
  explicit PickleBytes(std::string_view bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }

  /// Little-endian, as all numbers but the reals are.
  template <class Number>
  Number number() {
    Number number;
    std::memcpy(&number, take(sizeof(Number)).data(), sizeof(Number));
    return number;
  }

  std::string string(uint64_t length) { return std::string(take(length)); }

  /// Without its end, which is a line feed.
  std::string line();

  /// A signed number of so many bytes, of eight at most.
  int64_t integer(size_t length);

 private:
  std::string_view take(uint64_t length);

  std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace promptbed
