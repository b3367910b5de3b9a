#include "data/pictures/picture.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <webp/decode.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <string_view>

#include "base/files.h"
#include "data/pictures/codecs.h"

namespace promptbed {
namespace {

using namespace std::string_view_literals;

struct Codec {
  const char* name;
  std::string_view signature;
  size_t place;  ///< of the signature in the file
  Picture (*decode)(Bytes);
};

constexpr std::array kCodecs = {
    Codec{"JPEG", "\xff\xd8\xff"sv, 0, decode_jpeg},
    Codec{"PNG", "\x89PNG\r\n\x1a\n"sv, 0, decode_png},
    Codec{"WebP", "WEBPVP8"sv, 8, decode_webp},
    Codec{"BMP", "BM"sv, 0, decode_bmp},
    Codec{"GIF", "GIF8"sv, 0, decode_gif},
    Codec{"TIFF", "II*\0"sv, 0, decode_tiff},  // of either order of bytes, and for more than 4 GB
    Codec{"TIFF", "MM\0*"sv, 0, decode_tiff},
    Codec{"TIFF", "II+\0"sv, 0, decode_tiff},
    Codec{"TIFF", "MM\0+"sv, 0, decode_tiff},
};

/// a * b / 255, rounded, for numbers from 0 to 255.
int scaled(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

[[noreturn]] void reject(const std::filesystem::path& path, const Codec& codec, const char* why) {
  throw Error(fmt::format("{}: is a damaged or unsupported {} image ({}); replace the file", path.string(),
                          codec.name, why));
}

}  // namespace

void check_size(int64_t width, int64_t height) {
  if (width < 1 || height < 1) throw BadPicture(fmt::format("{} x {} pixels", width, height));
  if (width > kMostPixels / height)
    throw BadPicture(fmt::format("{} x {} pixels are more than {}", width, height, kMostPixels));
  if (std::max(width, height) > kLongestSide)
    throw BadPicture(fmt::format("{} x {} pixels; a side has {} at most", width, height, kLongestSide));
}

Picture blank_picture(int64_t width, int64_t height) {
  check_size(width, height);
  return {static_cast<int>(width), static_cast<int>(height),
          std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
}

Picture decode_picture(const std::filesystem::path& path) {
  return decode_picture(read_file(path), path);
}

Picture decode_picture(std::string_view file, const std::filesystem::path& path) {
  for (const Codec& codec : kCodecs) {
    if (file.size() < codec.place || !file.substr(codec.place).starts_with(codec.signature)) continue;
    try {
      return codec.decode(Bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size()));
    } catch (const BadPicture& fault) {
      reject(path, codec, fault.what());
    } catch (const std::exception&) {  // no memory, or a library's own
      reject(path, codec, "it asks for more than this machine has");
    }
  }
  throw Error(
      fmt::format("{}: is not a JPEG, PNG, WebP, BMP, GIF or TIFF image; replace the file", path.string()));
}

void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb) {
  const int light = 255 - cmyk[3];
  for (int c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(light - scaled(cmyk[c], light));
}

Picture decode_webp(Bytes file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK)
    throw BadPicture("its header is damaged");
  if (features.has_animation != 0) throw BadPicture("it is animated");
  Picture picture = blank_picture(features.width, features.height);
  if (WebPDecodeRGBInto(file.data(), file.size(), picture.rgb.data(), picture.rgb.size(),
                        picture.width * 3) == nullptr)
    throw BadPicture("the file is damaged or cut short");
  return picture;
}

}  // namespace promptbed
