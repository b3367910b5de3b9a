#include <fmt/format.h>
#include <png.h>
#include <promptbed/error.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/pictures/codecs.h"

namespace promptbed {
namespace {

/// libpng's reader of a file in memory. Turns its errors into BadPicture. libpng leaves a failing call by
/// longjmp, so what `attempt` runs must not own anything.
class PngReader {
 public:
  explicit PngReader(Bytes file) : rest_(file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, leave, [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, take);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  template <class Action>
  void attempt(const Action& action) {
    if (setjmp(place_) != 0) throw BadPicture(message_);
    action();
  }

  png_structp png() { return png_; }
  png_infop info() { return info_; }

 private:
  [[noreturn]] static void leave(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::strncpy(reader->message_, message, sizeof(reader->message_) - 1);
    std::longjmp(reader->place_, 1);
  }

  static void take(png_structp png, png_bytep out, size_t count) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > reader->rest_.size()) png_error(png, "the file is cut short");
    std::copy_n(reader->rest_.begin(), count, out);
    reader->rest_ = reader->rest_.subspan(count);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  Bytes rest_;
  std::jmp_buf place_;
  char message_[128] = {};
};

/// Pillow treats 16-bit grey as integers and clips them at 255.
void clip_grey16(const std::vector<uint8_t>& grey, Picture& picture) {
  for (size_t pixel = 0; pixel < grey.size() / 2; ++pixel) {
    const uint8_t high = grey[2 * pixel];
    std::fill_n(&picture.rgb[3 * pixel], 3, high != 0 ? uint8_t{255} : grey[2 * pixel + 1]);
  }
}

void read_rows(PngReader& reader, uint8_t* bytes, int height, size_t stride) {
  if (png_get_rowbytes(reader.png(), reader.info()) != stride)
    throw BadPicture("its rows have another length");
  std::vector<uint8_t*> rows(static_cast<size_t>(height));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = bytes + y * stride;
  reader.attempt([&] { png_read_image(reader.png(), rows.data()); });
}

/// One value a pixel, if all pixels are grey.
std::optional<std::vector<uint8_t>> grey_values(const Picture& picture) {
  std::vector<uint8_t> grey;
  grey.reserve(picture.rgb.size() / 3);
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    if (picture.rgb[i] != picture.rgb[i + 1] || picture.rgb[i] != picture.rgb[i + 2]) return std::nullopt;
    grey.push_back(picture.rgb[i]);
  }
  return grey;
}

}  // namespace

Picture decode_png(Bytes file) {
  PngReader reader(file);
  reader.attempt([&] { png_read_info(reader.png(), reader.info()); });
  Picture picture = blank_picture(png_get_image_width(reader.png(), reader.info()),
                                  png_get_image_height(reader.png(), reader.info()));
  const bool is_grey16 = png_get_color_type(reader.png(), reader.info()) == PNG_COLOR_TYPE_GRAY &&
                         png_get_bit_depth(reader.png(), reader.info()) == 16;
  reader.attempt([&] {
    if (!is_grey16) {
      png_set_strip_16(reader.png());
      png_set_palette_to_rgb(reader.png());
      png_set_expand_gray_1_2_4_to_8(reader.png());
      png_set_gray_to_rgb(reader.png());
      png_set_strip_alpha(reader.png());
    }
    png_set_interlace_handling(reader.png());
    png_read_update_info(reader.png(), reader.info());
  });
  if (is_grey16) {
    std::vector<uint8_t> grey(static_cast<size_t>(picture.width) * picture.height * 2);
    read_rows(reader, grey.data(), picture.height, size_t{2} * picture.width);
    clip_grey16(grey, picture);
  } else {
    read_rows(reader, picture.rgb.data(), picture.height, size_t{3} * picture.width);
  }
  return picture;
}

std::string encode_png(const Picture& picture) {
  const std::optional<std::vector<uint8_t>> grey = grey_values(picture);
  const void* const pixels = grey ? grey->data() : picture.rgb.data();
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr) == 0)
    throw Error(fmt::format("a PNG image of {} x {} cannot be made ({})", picture.width, picture.height,
                            image.message));
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& file, const Picture& picture) {
  write_file(file, encode_png(picture));
}

}  // namespace promptbed
