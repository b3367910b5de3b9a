#include "formats/event_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

namespace promptbed {
namespace {

template <class Number>
Number number_at(std::string_view bytes, size_t place) {
  Number number{};
  std::memcpy(&number, bytes.data() + place, sizeof number);
  return number;
}

/// The messages of a file, whose frames and checksums are right.
std::vector<std::string> messages_of(const std::string& file) {
  const auto masked = [](const std::string& bytes) {
    const uint32_t crc = crc32c(bytes);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
  };
  std::vector<std::string> messages;
  for (size_t place = 0; place < file.size();) {
    const auto length = number_at<uint64_t>(file, place);
    EXPECT_EQ(number_at<uint32_t>(file, place + 8), masked(file.substr(place, 8)));
    messages.push_back(file.substr(place + 12, length));
    EXPECT_EQ(number_at<uint32_t>(file, place + 12 + length), masked(messages.back()));
    place += 16 + length;
  }
  return messages;
}

TEST(Crc32c, IsCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U) << "RFC 3720, appendix B.4, gives it in this order";
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU) << "RFC 3720: 32 bytes of zeroes";
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U) << "RFC 3720: 32 bytes of ones";
}

TEST(EventFile, BeginsWithTheFormatsVersion) {
  const std::vector<std::string> messages = messages_of(event_file(1.5, {}));
  ASSERT_EQ(messages.size(), 1u);
  // wall_time (field 1, eight bytes), file_version (field 3, 13 bytes)
  EXPECT_EQ(messages[0], std::string("\x09\0\0\0\0\0\0\xf8\x3f\x1a\x0d", 11) + "brain.Event:2");
}

TEST(EventFile, HasAMessageForEachNumber) {
  const std::vector<std::string> messages =
      messages_of(event_file(0, {{.time = 1.5, .step = 300, .tag = "loss", .value = 2.5}}));
  ASSERT_EQ(messages.size(), 2u);
  const std::string expected = std::string("\x09\0\0\0\0\0\0\xf8\x3f", 9) +  // wall_time
                               "\x10\xac\x02" +                         // step 300 in two groups of 7 bits
                               "\x2a\x0d\x0a\x0b" +                     // summary of 13 bytes, value of 11
                               "\x0a\x04loss" +                         // tag
                               std::string("\x15\x00\x00\x20\x40", 5);  // simple_value 2.5
  EXPECT_EQ(messages[1], expected);
}

}  // namespace
}  // namespace promptbed
