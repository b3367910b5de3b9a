#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/pictures/picture.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using namespace std::string_literals;

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(PROMPTBED_SOURCE_DIR) / "tests/data/tiff";

std::vector<fs::path> tiff_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".tiff") files.push_back(entry.path());
  }
  return files;
}

using Tags = std::map<uint16_t, uint32_t>;

/// A TIFF of one pixel of grey in a strip of raw bytes, but for the tags that are given.
std::string tiff(std::string_view pixels, const Tags& changes) {
  const auto number = [](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xff));
    return text;
  };
  const auto size = static_cast<uint32_t>(pixels.size());
  Tags tags =
      changes;  // width, height, bits, kind of colours, place of the strip, samples, rows, size of the strip
  tags.insert({{256, 1}, {257, 1}, {258, 8}, {262, 1}, {273, 8}, {277, 1}, {278, 1}, {279, size}});
  std::string file =
      "II*\0"s + number(8 + size, 4) + std::string(pixels) + number(static_cast<uint32_t>(tags.size()), 2);
  for (const auto& [tag, value] : tags)
    file += number(tag, 2) + number(4, 2) + number(1, 4) + number(value, 4);
  return file + number(0, 4);
}

std::string fault_of(const std::string& contents) {
  return test::error_of([&] { decode_picture(contents, "a.tif"); });
}

TEST(Tiff, EveryKindHasThePixelsThatPillowReads) {
  const std::vector<fs::path> files = tiff_files();
  EXPECT_EQ(files.size(), 35U);
  for (const fs::path& file : files) {
    const Picture read = decode_picture(file);
    const Picture pillows = decode_picture(fs::path(file).replace_extension(".png"));
    EXPECT_EQ(read.width, pillows.width) << file;
    EXPECT_EQ(read.height, pillows.height) << file;
    EXPECT_TRUE(read.rgb == pillows.rgb) << file;
  }
}

TEST(Tiff, IsRefusedWhereItIsCutShort) {
  for (const fs::path& file : tiff_files()) {
    if (file.stem() == "two_images") continue;  // the first may be whole
    const std::string whole = read_file(file);
    for (const size_t kept : {size_t{4}, size_t{8}, whole.size() / 4, whole.size() / 2})
      EXPECT_NE(fault_of(whole.substr(0, kept)).find("damaged or unsupported TIFF image ("),
                std::string::npos)
          << file << " cut to " << kept << " of " << whole.size();
  }
}

void expect_refused(const std::string& file, const std::string& reason) {
  EXPECT_EQ(fault_of(file),
            "a.tif: is a damaged or unsupported TIFF image (" + reason + "); replace the file");
}

TEST(Tiff, IsRefusedInOneLineWhereItsKindIsNotRead) {
  EXPECT_EQ(decode_picture(tiff("\x50", {}), "a.tif").rgb, (std::vector<uint8_t>{0x50, 0x50, 0x50}));
  expect_refused(tiff("\1\1\1\1", {{258, 32}}), "1 samples of 32 bits a pixel");
  expect_refused(tiff("\1\1\1\1", {{258, 32}, {339, 3}}), "its samples are no unsigned integers");
  expect_refused(tiff("\1\1\1", {{262, 8}, {277, 3}}),
                 "its colours are neither grey, RGB, CMYK nor of a palette");
  expect_refused(tiff("\1\1", {{262, 2}, {277, 2}}), "2 samples of 8 bits a pixel");
  expect_refused("II*\0"s, "its header is damaged");
}

TEST(Tiff, ItsSizesAreCheckedBeforeTheyAreBelieved) {
  expect_refused(tiff("\1", {{256, 60000}, {257, 60000}}), "60000 x 60000 pixels are more than 178956970");
  // A tile for each of the pixels, which reach a million rows beyond it.
  expect_refused(tiff("\1", {{256, 1000}, {322, 16}, {323, 1 << 20}, {324, 8}, {325, 1}}),
                 "its tiles are many times as large as the image");
  expect_refused(tiff("\1", {{322, 1 << 16}, {323, 1 << 16}, {324, 8}, {325, 1}}),
                 "a tile has more than 1 GiB");
  expect_refused(tiff("\1", {{257, 1000}, {278, 1000}}), "the file is damaged or cut short");
}

TEST(Tiff, AnAlphaThatIsNotThereIsNotReadFrom) {
  const std::string claimed = tiff("\x10\x20\x30", {{262, 2}, {277, 3}, {338, 1}});
  EXPECT_EQ(decode_picture(claimed, "a.tif").rgb, (std::vector<uint8_t>{0x10, 0x20, 0x30}));
}

}  // namespace
}  // namespace promptbed
