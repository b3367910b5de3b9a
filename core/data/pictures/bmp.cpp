#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "data/pictures/codecs.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb/stb_image.h>

namespace promptbed {
namespace {

/// A little-endian number of up to four bytes.
uint32_t number_at(Bytes file, size_t place, size_t size) {
  if (place + size > file.size()) throw BadPicture("the file is cut short");
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number |= static_cast<uint32_t>(file[place + i]) << (8 * i);
  return number;
}

// Where a header of 40 bytes or more has its fields.
constexpr size_t kPixelPlace = 10, kHeaderSize = 14, kWidth = 18, kHeight = 22, kBits = 28, kCompression = 30,
                 kColourCount = 46;
constexpr uint32_t kInfoHeader = 40, kRle8 = 1, kRle4 = 2;

/// Whether the pixels are runs of one or two colours, which stb_image does not read.
bool is_run_length_encoded(Bytes file) {
  if (number_at(file, kHeaderSize, 4) < kInfoHeader) return false;
  const uint32_t compression = number_at(file, kCompression, 4);
  return compression == kRle8 || compression == kRle4;
}

using Colour = std::array<uint8_t, 3>;

/// The table of colours behind the header; blue comes first in it.
std::vector<Colour> colours_of(Bytes file) {
  const uint32_t most = 1U << number_at(file, kBits, 2);  // of four or eight bits
  const uint32_t stated = number_at(file, kColourCount, 4);
  std::vector<Colour> colours(stated == 0 ? most : std::min(stated, most));
  size_t place = kHeaderSize + number_at(file, kHeaderSize, 4);
  for (Colour& colour : colours) {
    for (size_t channel = 0; channel < colour.size(); ++channel)
      colour[channel] = static_cast<uint8_t>(number_at(file, place + 2 - channel, 1));
    place += 4;
  }
  return colours;
}

/// Reads pixels that are kept as runs: indices into the table of colours, from the bottom row up. What the
/// runs leave out has the first colour.
class RunReader {
 public:
  explicit RunReader(Bytes file)
      : file_(file),
        is_rle4_(number_at(file, kCompression, 4) == kRle4),
        place_(number_at(file, kPixelPlace, 4)),
        picture_(blank_picture(static_cast<int32_t>(number_at(file, kWidth, 4)),
                               static_cast<int32_t>(number_at(file, kHeight, 4)))) {
    if (number_at(file, kBits, 2) != (is_rle4_ ? 4U : 8U))
      throw BadPicture("its runs have another number of bits than its pixels");
    colours_ = colours_of(file);
    for (auto pixel = picture_.rgb.begin(); pixel != picture_.rgb.end(); pixel += 3)
      std::ranges::copy(colours_.front(), pixel);
  }

  Picture read() {
    while (row_ < picture_.height) {
      const uint8_t count = next(), value = next();
      if (count > 0) {
        put_run(count, value);
      } else if (value == kEndOfRow) {
        column_ = 0;
        ++row_;
      } else if (value == kEndOfPicture) {
        break;
      } else if (value == kMove) {
        column_ = std::min(column_ + next(), picture_.width);
        row_ += next();
      } else {
        put_pixels(value);
      }
      // The last row may end without saying so.
      if (row_ + 1 == picture_.height && column_ >= picture_.width) break;
    }
    return std::move(picture_);
  }

 private:
  static constexpr uint8_t kEndOfRow = 0, kEndOfPicture = 1, kMove = 2;

  uint8_t next() { return static_cast<uint8_t>(number_at(file_, place_++, 1)); }

  /// Repeats a colour, or two of four bits in turns.
  void put_run(int count, uint8_t value) {
    for (int i = 0; i < count; ++i) put(is_rle4_ ? half(value, i) : value);
  }

  /// Pixels as they are, padded to an even number of bytes.
  void put_pixels(int count) {
    uint8_t value = 0;
    for (int i = 0; i < count; ++i) {
      if (!is_rle4_ || i % 2 == 0) value = next();
      put(is_rle4_ ? half(value, i) : value);
    }
    const int bytes = is_rle4_ ? (count + 1) / 2 : count;
    if (bytes % 2 != 0) next();
  }

  static uint8_t half(uint8_t value, int place) {
    return static_cast<uint8_t>(place % 2 == 0 ? value >> 4 : value & 0x0f);
  }

  /// What goes beyond the end of a row is lost.
  void put(uint8_t index) {
    if (column_ >= picture_.width) return;
    if (index >= colours_.size()) throw BadPicture("a pixel has a colour that is not in its table");
    std::ranges::copy(colours_[index],
                      picture_.row(picture_.height - 1 - row_) + 3 * static_cast<ptrdiff_t>(column_));
    ++column_;
  }

  Bytes file_;
  bool is_rle4_;
  size_t place_;
  Picture picture_;
  std::vector<Colour> colours_;
  int column_ = 0, row_ = 0;  ///< of the next pixel, from the bottom left
};

/// The file size that the header implies. stb_image reads missing bytes as zeros, that is, as black.
uint64_t stated_size(Bytes file, uint64_t width, uint64_t height) {
  constexpr uint32_t kOs2Header = 12;
  const bool is_os2 = number_at(file, 14, 4) == kOs2Header;
  const uint64_t bits_per_pixel = number_at(file, is_os2 ? 24 : 28, 2);
  const uint64_t row = (width * bits_per_pixel + 31) / 32 * 4;
  return number_at(file, 10, 4) + row * height;
}

}  // namespace

Picture decode_bmp(Bytes file) {
  if (is_run_length_encoded(file)) return RunReader(file).read();
  if (file.size() > INT_MAX) throw BadPicture("it is larger than 2 GB");
  const auto size = static_cast<int>(file.size());
  int width = 0;
  int height = 0;
  int channels = 0;
  if (stbi_info_from_memory(file.data(), size, &width, &height, &channels) == 0)
    throw BadPicture(stbi_failure_reason());
  height = std::abs(height);  // negative where rows go from the top down
  Picture picture = blank_picture(width, height);
  if (stated_size(file, static_cast<uint64_t>(width), static_cast<uint64_t>(height)) > file.size())
    throw BadPicture("the file is cut short");
  const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
      stbi_load_from_memory(file.data(), size, &width, &height, &channels, STBI_rgb), std::free);
  if (pixels == nullptr) throw BadPicture(stbi_failure_reason());
  picture.rgb.assign(pixels.get(), pixels.get() + picture.rgb.size());
  return picture;
}

}  // namespace promptbed
