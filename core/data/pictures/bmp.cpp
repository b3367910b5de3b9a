#include <climits>
#include <cstdlib>
#include <memory>

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
