#include "data/pictures/picture.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using namespace std::string_literals;
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

/// A BMP of runs, of eight or four bits a pixel. Its four colours are red, green, blue and black.
std::string bmp_of_runs(uint32_t width, uint32_t height, int bits, std::string_view runs) {
  const uint32_t offset = 14 + 40 + 4 * 4;
  return "BM" + little_endian(offset + static_cast<uint32_t>(runs.size())) + little_endian(0) +
         little_endian(offset) + little_endian(40) + little_endian(width) + little_endian(height) +
         std::string("\x01\0"sv) + static_cast<char>(bits) + '\0' + little_endian(bits == 8 ? 1 : 2) +
         std::string(12, '\0') + little_endian(4) + little_endian(0) +
         std::string("\0\0\xff\0\0\xff\0\0\xff\0\0\0\0\0\0\0"sv) + std::string(runs);
}

/// A part of a GIF: where it lies, and its pixels as indices below 100.
struct GifFrame {
  uint8_t left, top, width, height;
  std::string indices;
  bool is_interlaced = false;
  int transparent = -1;
};

/// A GIF of three colours: red, green and blue. Codes have eight bits throughout, so that a byte is a pixel.
std::string gif(uint8_t width, uint8_t height, const std::vector<GifFrame>& frames) {
  const auto byte = [](int number) { return std::string(1, static_cast<char>(number)); };
  const auto word = [&](int number) { return byte(number) + byte(0); };
  std::string file = "GIF89a" + word(width) + word(height) + byte(0x81) + word(0);
  file += "\xff\0\0\0\xff\0\0\0\xff\x09\x09\x09"sv;  // a fourth, since their number is a power of two
  for (const GifFrame& frame : frames) {
    if (frame.transparent >= 0) file += "\x21\xf9\x04\x01\0\0"s + byte(frame.transparent) + byte(0);
    file += "," + word(frame.left) + word(frame.top) + word(frame.width) + word(frame.height);
    file += byte(frame.is_interlaced ? 0x40 : 0) + byte(7);
    file +=
        byte(static_cast<int>(frame.indices.size()) + 2) + byte(0x80) + frame.indices + byte(0x81) + byte(0);
  }
  return file + ";";
}

/// The colours of a decoded file as letters, row by row: r, g, b, or ? for another.
std::string colours_of(std::string_view contents) {
  const Picture picture = decode_picture(contents, "a.gif");
  std::string letters;
  for (size_t place = 0; place < picture.rgb.size(); place += 3) {
    const std::string rgb(picture.rgb.begin() + static_cast<ptrdiff_t>(place),
                          picture.rgb.begin() + static_cast<ptrdiff_t>(place) + 3);
    letters += rgb == "\xff\0\0"sv ? 'r' : rgb == "\0\xff\0"sv ? 'g' : rgb == "\0\0\xff"sv ? 'b' : '?';
  }
  return letters;
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
    EXPECT_NE(fault_of("text.png", contents)
                  .find("text.png: is not a JPEG, PNG, WebP, BMP, GIF or TIFF image; replace"),
              std::string::npos);
  }
}

TEST(Picture, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_NE(fault_of("a.bmp", bmp(60000, 60000, "")).find("60000 x 60000 pixels are more than 178956970"),
            std::string::npos);
}

TEST(Picture, SidesAreLimitedAsPixelsAre) {
  // 10,000,000 pixels, fewer than the limit, but resized to a model's input they would be too many to count.
  EXPECT_NE(fault_of("a.bmp", bmp(1, 10'000'000, "")).find("1 x 10000000 pixels; a side has 65535 at most"),
            std::string::npos);
  EXPECT_NE(fault_of("a.bmp", bmp(65'536, 1, "")).find("65536 x 1 pixels; a side has 65535 at most"),
            std::string::npos);
}

TEST(Picture, ABmpMayRunFromTheTopDown) {
  const auto upside_down = static_cast<uint32_t>(-2);
  EXPECT_EQ(decode_picture(bmp(1, upside_down, "\x01\x02\x03\0\x04\x05\x06\0"sv), "a.bmp").rgb,
            (std::vector<uint8_t>{3, 2, 1, 6, 5, 4}));
}

TEST(Picture, ABmpMayBeOfRuns) {
  const auto read = [](uint32_t width, uint32_t height, int bits, std::string_view runs) {
    return colours_of(bmp_of_runs(width, height, bits, runs));
  };
  // Three of blue, end of row; red, and green as it is, padded; the end.
  EXPECT_EQ(read(3, 2, 8, "\x03\x02\0\0\x03\0\0\x01"sv), "rrrbbb") << "from the bottom up";
  EXPECT_EQ(read(5, 1, 8, "\0\x03\x01\x02\0\0\x02\x01\0\x01"sv), "gbrgg") << "pixels as they are, padded";
  EXPECT_EQ(read(4, 1, 4, "\x04\x12\0\x01"sv), "gbgb") << "two colours in turns";
  EXPECT_EQ(read(5, 1, 4, "\0\x05\x12\x01\x20\0\0\x01"sv), "gbrgb") << "half a byte is left over";
  EXPECT_EQ(read(3, 2, 8, "\x01\x01\0\0\x02\x02\0\x01"sv), "bbrgrr")
      << "what is left out has the first colour";
  EXPECT_EQ(read(3, 2, 8, "\x01\x01\0\x02\x01\x01\x01\x02\0\x01"sv), "rrbgrr") << "one right, one up";
  EXPECT_EQ(read(2, 1, 8, "\x09\x01\0\x01"sv), "gg") << "what is too much is lost";
  EXPECT_EQ(read(2, 1, 8, "\x02\x01"sv), "gg") << "the last row need not be ended";
}

TEST(Picture, ADamagedBmpOfRunsIsRefused) {
  const std::string whole = bmp_of_runs(3, 2, 8, "\x03\x02\0\0\x03\0\0\x01"sv);
  for (size_t kept = 2; kept <= whole.size() - 3; ++kept)
    EXPECT_NE(fault_of("a.bmp", whole.substr(0, kept)).find("BMP image (the file is cut short)"),
              std::string::npos)
        << kept;
  EXPECT_NE(fault_of("a.bmp", bmp_of_runs(2, 1, 8, "\x02\x07\0\x01"sv))
                .find("BMP image (a pixel has a colour that is not in its table)"),
            std::string::npos);
  EXPECT_NE(fault_of("a.bmp", bmp_of_runs(0, 1, 8, "\0\x01"sv)).find("BMP image (0 x 1 pixels)"),
            std::string::npos);
  std::string mixed = whole;
  mixed[28] = 4;
  EXPECT_NE(fault_of("a.bmp", mixed).find("BMP image (its runs have another number of bits than its pixels)"),
            std::string::npos);
}

TEST(Picture, OfAGifTheFirstFrameIsRead) {
  EXPECT_EQ(colours_of(gif(2, 2, {{0, 0, 2, 2, "\0\1\2\0"s}, {0, 0, 2, 2, "\1\1\1\1"}})), "rgbr");
}

TEST(Picture, AGifsFrameLiesOnItsCanvas) {
  // As with Pillow, what the frame leaves free has the first colour, or the transparent one.
  EXPECT_EQ(colours_of(gif(3, 2, {{1, 1, 1, 1, "\1"}})), "rrrrgr");
  EXPECT_EQ(colours_of(gif(3, 2, {{1, 1, 1, 1, "\1", false, 2}})), "bbbbgb");
  EXPECT_EQ(colours_of(gif(1, 1, {{1, 0, 1, 2, "\1\2"}})), "rgrb");  // the canvas grows with the frame
}

TEST(Picture, AGifsRowsMayBeInterlaced) {
  const std::string rows = "\0\2\1\2\0\1\0\1\2"s;  // rows 0, 8; 4; 2, 6; 1, 3, 5, 7
  EXPECT_EQ(colours_of(gif(1, 9, {{0, 0, 1, 9, rows, true}})), "rgbrggrbb");
}

TEST(Picture, ADamagedGifIsRefused) {
  const std::string whole = gif(2, 2, {{0, 0, 2, 2, "\0\1\2\0"s}});
  for (size_t kept = 6; kept <= whole.size() - 3; ++kept)
    EXPECT_NE(fault_of("a.gif", whole.substr(0, kept)).find("damaged or unsupported GIF image ("),
              std::string::npos)
        << kept;
  EXPECT_NE(fault_of("a.gif", gif(2, 2, {})).find("GIF image (it holds no frame)"), std::string::npos);
  EXPECT_NE(fault_of("a.gif", gif(2, 2, {{0, 0, 0, 2, ""}})).find("GIF image (0 x 2 pixels)"),
            std::string::npos);
  EXPECT_EQ(colours_of(gif(1, 1, {{0, 0, 1, 1, "\x50"}})), "?");  // a colour beyond the table
}

TEST(Picture, AProgressiveJpegHasAHundredScansAtMost) {
  // The last scan of a small file again and again, as a file does that takes minutes.
  const std::string whole = read_file(test::golden_folder() / "pixels/progressive.jpg");
  const size_t scan = whole.rfind("\xff\xda"s);
  const std::string last = whole.substr(scan, whole.size() - 2 - scan);
  std::string scans = whole.substr(0, scan);
  for (int i = 0; i < 200; ++i) scans += last;
  EXPECT_NE(fault_of("a.jpg", scans + "\xff\xd9").find("JPEG image (it has more than 100 scans)"),
            std::string::npos);
}

TEST(Picture, APipeAmongPicturesIsAnErrorAndNoHang) {
  test::ScratchFolder scratch;
  ASSERT_EQ(::mkfifo((scratch / "pipe.jpg").c_str(), 0600), 0);
  EXPECT_ERROR(decode_picture(scratch / "pipe.jpg"), "pipe.jpg: is a pipe or device; give a file");
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
