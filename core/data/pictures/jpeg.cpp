#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <string>
#include <vector>

#include "data/pictures/codecs.h"

// libjpeg's headers need <cstdio> before them.
#include <jerror.h>
#include <jpeglib.h>

namespace promptbed {
namespace {

/// libjpeg's decompressor. Turns its errors into BadPicture. libjpeg leaves a failing call by longjmp, so
/// what `attempt` runs must not own anything.
class JpegDecompressor {
 public:
  JpegDecompressor() {
    info_.err = jpeg_std_error(&fault_.manager);
    fault_.manager.error_exit = leave;
    fault_.manager.emit_message = heed;
    fault_.manager.output_message = [](j_common_ptr) {};
    attempt([this] { jpeg_create_decompress(&info_); });
    watch_.progress_monitor = limit_scans;
    info_.progress = &watch_;
  }
  ~JpegDecompressor() { jpeg_destroy_decompress(&info_); }
  JpegDecompressor(const JpegDecompressor&) = delete;
  JpegDecompressor& operator=(const JpegDecompressor&) = delete;

  template <class Action>
  void attempt(const Action& action) {
    if (setjmp(fault_.place) != 0) throw BadPicture(fault_.message.data());
    action();
  }

  jpeg_decompress_struct* operator->() { return &info_; }
  jpeg_decompress_struct* get() { return &info_; }

 private:
  struct Fault {
    jpeg_error_mgr manager;
    std::jmp_buf place;
    std::array<char, JMSG_LENGTH_MAX> message;
  };

  [[noreturn]] static void leave(j_common_ptr info) {
    auto* fault = reinterpret_cast<Fault*>(info->err);
    fault->manager.format_message(info, fault->message.data());
    std::longjmp(fault->place, 1);
  }

  /// Of all warnings only that of a truncated file counts, as with Pillow: libjpeg would fill the rest with
  /// grey.
  static void heed(j_common_ptr info, int level) {
    if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) leave(info);
  }

  /// A progressive file may paint each pixel again and again, for minutes.
  static void limit_scans(j_common_ptr info) {
    const auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
    const int64_t pixels = int64_t{jpeg->image_width} * jpeg->image_height;
    const int64_t most = std::min(kMostScans, kMostScannedPixels / pixels);
    if (jpeg->input_scan_number <= most) return;
    auto* fault = reinterpret_cast<Fault*>(info->err);
    fmt::format_to_n(fault->message.data(), fault->message.size() - 1, "it has more than {} scans", most);
    std::longjmp(fault->place, 1);
  }

  jpeg_decompress_struct info_{};
  jpeg_progress_mgr watch_{};
  Fault fault_{};
};

/// Converts a row from inverted CMYK (Adobe's habit, which Pillow assumes) to RGB.
void row_to_rgb(uint8_t* cmyk, int width, uint8_t* rgb) {
  std::transform(cmyk, cmyk + 4 * static_cast<ptrdiff_t>(width), cmyk,
                 [](uint8_t light) { return static_cast<uint8_t>(255 - light); });
  for (int x = 0; x < width; ++x)
    cmyk_to_rgb(cmyk + 4 * static_cast<ptrdiff_t>(x), rgb + 3 * static_cast<ptrdiff_t>(x));
}

}  // namespace

Picture decode_jpeg(Bytes file) {
  JpegDecompressor jpeg;
  jpeg.attempt([&] {
    jpeg_mem_src(jpeg.get(), file.data(), file.size());
    jpeg_read_header(jpeg.get(), TRUE);
  });
  const bool is_cmyk = jpeg->num_components == 4;
  jpeg->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  Picture picture = blank_picture(jpeg->image_width, jpeg->image_height);
  std::vector<uint8_t> cmyk(is_cmyk ? static_cast<size_t>(picture.width) * 4 : 0);
  jpeg.attempt([&] {
    jpeg_start_decompress(jpeg.get());
    while (jpeg->output_scanline < jpeg->output_height) {
      uint8_t* rgb = picture.row(static_cast<int>(jpeg->output_scanline));
      uint8_t* row = is_cmyk ? cmyk.data() : rgb;
      jpeg_read_scanlines(jpeg.get(), &row, 1);
      if (is_cmyk) row_to_rgb(row, picture.width, rgb);
    }
  });
  return picture;
}

}  // namespace promptbed
