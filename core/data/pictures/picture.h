#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// A decoded image of 8-bit RGB.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  ///< [height, width, 3]

  const uint8_t* row(int y) const { return rgb.data() + static_cast<size_t>(y) * width * 3; }
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * width * 3; }
};

/// The most pixels that an image may have; Pillow refuses larger ones, too.
inline constexpr int64_t kMostPixels = 178'956'970;

/// The most pixels that a side may have: JPEG's own limit.
inline constexpr int64_t kLongestSide = 65'535;

/// Decodes a JPEG, PNG, WebP, BMP, GIF or TIFF file to RGB, with the values of Pillow's
/// `open(path).convert("RGB")`: EXIF orientation is ignored but a TIFF's honoured, alpha dropped (what it was
/// multiplied into in a TIFF is divided by it), a JPEG's
/// CMYK taken as inverted, 16-bit grey clipped at 255; of a GIF the first frame is shown on its canvas, of a
/// TIFF the first image. The kind is recognised by the first bytes, not by the name. Throws Error if the file
/// is missing, no regular file, of another kind, damaged or beyond the limits above.
Picture decode_picture(const std::filesystem::path& path);

/// The same for the contents of that file.
Picture decode_picture(std::string_view contents, const std::filesystem::path& path);

/// The bytes of a PNG file: grey if the picture is, and thus smaller. Throws Error if they cannot be made.
std::string encode_png(const Picture& picture);

/// Writes a PNG file. Throws Error if it cannot.
void write_png(const std::filesystem::path& file, const Picture& picture);

}  // namespace promptbed
