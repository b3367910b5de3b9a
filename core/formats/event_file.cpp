#include "formats/event_file.h"

#include <array>
#include <bit>

namespace promptbed {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the file's numbers are little-endian, as this machine's");

/// Of each byte, what it leaves of the reversed polynomial 0x82f63b78.
constexpr std::array<uint32_t, 256> make_remainders() {
  std::array<uint32_t, 256> remainders{};
  for (uint32_t byte = 0; byte < remainders.size(); ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0x82f63b78U : 0);
    remainders[byte] = rest;
  }
  return remainders;
}

/// TFRecord's mask, which keeps checksums of checksums from going wrong.
uint32_t masked(uint32_t crc) {
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

template <class Number>
std::string raw(Number number) {
  const auto bytes = std::bit_cast<std::array<char, sizeof number>>(number);
  return {bytes.begin(), bytes.end()};
}

/// A number in protobuf's groups of seven bits, the lowest first.
std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  return bytes + static_cast<char>(number);
}

/// What a field's bytes are, in the last three bits of its key.
enum class Wire { varint = 0, eight_bytes = 1, with_length = 2, four_bytes = 5 };

std::string key(uint64_t field, Wire wire) {
  return varint(field << 3 | static_cast<uint64_t>(wire));
}

std::string with_length(uint64_t field, const std::string& bytes) {
  return key(field, Wire::with_length) + varint(bytes.size()) + bytes;
}

/// Event.wall_time
std::string time_field(double time) {
  return key(1, Wire::eight_bytes) + raw(time);
}

std::string scalar_message(const ScalarEvent& event) {
  const std::string value = with_length(1, event.tag) +                                       // Value.tag
                            key(2, Wire::four_bytes) + raw(static_cast<float>(event.value));  // .simple_value
  return time_field(event.time) + key(2, Wire::varint) + varint(static_cast<uint64_t>(event.step)) +  // .step
         with_length(5, with_length(1, value));  // .summary.value
}

std::string framed(const std::string& message) {
  const std::string length = raw(static_cast<uint64_t>(message.size()));
  return length + raw(masked(crc32c(length))) + message + raw(masked(crc32c(message)));
}

}  // namespace

uint32_t crc32c(const std::string& bytes) {
  static constexpr std::array<uint32_t, 256> kRemainders = make_remainders();
  uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = crc >> 8 ^ kRemainders[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::string event_file(double begun, const std::vector<ScalarEvent>& events) {
  std::string file = framed(time_field(begun) + with_length(3, "brain.Event:2"));  // Event.file_version
  for (const ScalarEvent& event : events) file += framed(scalar_message(event));
  return file;
}

}  // namespace promptbed
