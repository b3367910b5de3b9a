#include "formats/pickle_bytes.h"

#include <fmt/format.h>

namespace promptbed {

std::string_view PickleBytes::take(uint64_t length) {
  if (length > bytes_.size() - position_)
    throw PickleFault(fmt::format("{} bytes are asked for and {} left", length, bytes_.size() - position_));
  position_ += length;
  return bytes_.substr(position_ - length, length);
}

std::string PickleBytes::line() {
  const size_t end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) throw PickleFault("a line without end");
  std::string line = string(end - position_);
  ++position_;
  return line;
}

int64_t PickleBytes::integer(size_t length) {
  const std::string_view bytes = take(length);
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  int64_t integer = negative ? -1 : 0;
  std::memcpy(&integer, bytes.data(), length);
  return integer;
}

}  // namespace promptbed
