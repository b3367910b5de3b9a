#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>

#include "data/pictures/picture.h"

/// The decoders behind decode_picture, one per kind of file. Each takes the whole file. Whatever one throws
/// is the file's fault: BadPicture says more.
namespace promptbed {

using Bytes = std::span<const uint8_t>;

/// Why a file cannot be decoded, in a few words: "the file is cut short".
class BadPicture : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Scans of a progressive JPEG, alone or in a TIFF (libtiff's own limit); encoders make some ten.
inline constexpr int64_t kMostScans = 100;

/// Each scan visits all pixels: those of twelve scans of the largest picture.
inline constexpr int64_t kMostScannedPixels = int64_t{1} << 31;

/// Throws BadPicture for no or too many pixels, and for too long a side.
void check_size(int64_t width, int64_t height);

/// An image to be filled. Throws the same.
Picture blank_picture(int64_t width, int64_t height);

Picture decode_jpeg(Bytes file);
Picture decode_png(Bytes file);
Picture decode_webp(Bytes file);
Picture decode_bmp(Bytes file);
Picture decode_gif(Bytes file);
Picture decode_tiff(Bytes file);

/// The colour of a pixel of ink: cyan, magenta, yellow and black, 255 for all of it, as Pillow converts it.
void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb);

}  // namespace promptbed
