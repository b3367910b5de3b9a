#include "data/pictures/picture.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using namespace std::string_view_literals;

std::string little_endian(uint32_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
  return bytes;
}

/// A BMP of 24 bits a pixel; rows go from the bottom up and blue comes first.
std::string bmp(uint32_t width, uint32_t height, std::string_view pixels) {
  const uint32_t offset = 14 + 40;
  return "BM" + little_endian(offset + static_cast<uint32_t>(pixels.size())) + little_endian(0) +
         little_endian(offset) + little_endian(40) + little_endian(width) + little_endian(height) +
         std::string("\x01\0\x18\0"sv) + std::string(24, '\0') + std::string(pixels);
}

/// The error of decoding a file that holds `contents`.
std::string fault_of(const std::string& name, std::string_view contents) {
  test::ScratchFolder scratch;
  write_file(scratch / name, contents);
  return test::error_of([&] { decode_picture(scratch / name); });
}

TEST(Picture, TheFirstBytesTellTheKind) {
  test::ScratchFolder scratch;
  write_file(scratch / "named.jpg", bmp(1, 2, "\x01\x02\x03\0\x04\x05\x06\0"sv));
  const Picture picture = decode_picture(scratch / "named.jpg");
  EXPECT_EQ(picture.width, 1);
  EXPECT_EQ(picture.height, 2);
  EXPECT_EQ(picture.rgb, (std::vector<uint8_t>{6, 5, 4, 3, 2, 1}));
}

TEST(Picture, AMissingFileIsNamed) {
  test::ScratchFolder scratch;
  EXPECT_ERROR(decode_picture(scratch / "none.png"), "none.png: cannot be read (No such file or directory)");
}

TEST(Picture, OtherFilesAreRefused) {
  for (const std::string_view contents : {""sv, "B"sv, "hello"sv, "RIFF\0\0\0\0WAVE"sv}) {
    EXPECT_NE(fault_of("text.png", contents).find("text.png: is not a JPEG, PNG, WebP or BMP image; replace"),
              std::string::npos);
  }
}

TEST(Picture, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_NE(fault_of("a.bmp", bmp(60000, 60000, "")).find("60000 x 60000 pixels are more than 178956970"),
            std::string::npos);
}

TEST(Picture, ABmpCutShortIsRefused) {
  EXPECT_NE(fault_of("a.bmp", bmp(1, 2, "\x01\x02\x03\0"sv)).find("BMP image (the file is cut short)"),
            std::string::npos);
}

TEST(Picture, DamagedFilesOfEveryKindAreRefusedInSilence) {
  testing::internal::CaptureStderr();
  for (const char* name :
       {"rgb_333x500.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "palette.png", "rgb.webp", "rgb.bmp"}) {
    const std::string whole = read_file(test::golden_folder() / "pixels" / name);
    for (const size_t length : {whole.size() / 2, whole.size() * 9 / 10, size_t{40}, size_t{16}}) {
      const std::string fault = fault_of(name, std::string_view(whole).substr(0, length));
      EXPECT_NE(fault.find(std::string(name) + ": is a damaged or unsupported "), std::string::npos) << fault;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace promptbed
