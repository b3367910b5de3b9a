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

/// An image to be filled. Throws BadPicture if it would have no or too many pixels, or too long a side.
Picture blank_picture(int64_t width, int64_t height);

Picture decode_jpeg(Bytes file);
Picture decode_png(Bytes file);
Picture decode_webp(Bytes file);
Picture decode_bmp(Bytes file);
Picture decode_gif(Bytes file);

}  // namespace promptbed
