#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "data/pictures/codecs.h"

namespace promptbed {
namespace {

constexpr std::array kInterlacedBegins = {0, 4, 2, 1};  // of GIF's four passes, and their steps
constexpr std::array kInterlacedSteps = {8, 8, 4, 2};

/// giflib's reader of a file in memory.
class GifReader {
 public:
  explicit GifReader(Bytes file) : rest_(file) {
    int fault = 0;
    gif_ = DGifOpen(this, take, &fault);
    if (gif_ == nullptr) throw BadPicture(words_of(fault));
  }
  ~GifReader() { DGifCloseFile(gif_, nullptr); }
  GifReader(const GifReader&) = delete;
  GifReader& operator=(const GifReader&) = delete;

  /// Goes to the first frame's pixels. Returns its transparent colour, or NO_TRANSPARENT_COLOR.
  int find_frame() {
    int transparent = NO_TRANSPARENT_COLOR;
    for (GifRecordType record = UNDEFINED_RECORD_TYPE; record != IMAGE_DESC_RECORD_TYPE;) {
      check(DGifGetRecordType(gif_, &record));
      if (record == TERMINATE_RECORD_TYPE) throw BadPicture("it holds no frame");
      if (record == EXTENSION_RECORD_TYPE) read_extension(transparent);
    }
    check(DGifGetImageDesc(gif_));
    return transparent;
  }

  void read_row(std::vector<GifPixelType>& row) {
    check(DGifGetLine(gif_, row.data(), static_cast<int>(row.size())));
  }

  const GifFileType& info() const { return *gif_; }

 private:
  static int take(GifFileType* gif, GifByteType* out, int count) {
    auto* reader = static_cast<GifReader*>(gif->UserData);
    const size_t taken = std::min(static_cast<size_t>(count), reader->rest_.size());
    std::copy_n(reader->rest_.begin(), taken, out);
    reader->rest_ = reader->rest_.subspan(taken);
    return static_cast<int>(taken);
  }

  static const char* words_of(int fault) {
    const char* words = GifErrorString(fault);
    return words != nullptr ? words : "it is damaged";
  }

  void check(int outcome) const {
    if (outcome == GIF_OK) return;
    throw BadPicture(rest_.empty() ? "the file is cut short" : words_of(gif_->Error));
  }

  void read_extension(int& transparent) {
    int kind = 0;
    GifByteType* block = nullptr;  // its length, then its bytes
    check(DGifGetExtension(gif_, &kind, &block));
    for (; block != nullptr; check(DGifGetExtensionNext(gif_, &block))) {
      GraphicsControlBlock control;
      if (kind == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
        transparent = control.TransparentColor;
    }
  }

  Bytes rest_;
  GifFileType* gif_ = nullptr;
};

/// The colour of every index; of those that the file leaves out, a grey, as Pillow has it.
std::array<GifColorType, 256> palette_of(const GifFileType& gif) {
  std::array<GifColorType, 256> colours;
  for (size_t i = 0; i < colours.size(); ++i) {
    const auto grey = static_cast<GifByteType>(i);
    colours[i] = {grey, grey, grey};
  }
  const ColorMapObject* map = gif.Image.ColorMap != nullptr ? gif.Image.ColorMap : gif.SColorMap;
  if (map != nullptr) std::copy_n(map->Colors, std::clamp(map->ColorCount, 0, 256), colours.begin());
  return colours;
}

/// The rows of a frame in the order in which the file has them.
std::vector<int> row_order(const GifImageDesc& frame) {
  std::vector<int> order;
  for (size_t pass = 0; pass < kInterlacedBegins.size() && frame.Interlace; ++pass) {
    for (int row = kInterlacedBegins[pass]; row < frame.Height; row += kInterlacedSteps[pass])
      order.push_back(row);
  }
  for (int row = 0; row < frame.Height && !frame.Interlace; ++row) order.push_back(row);
  return order;
}

}  // namespace

/// The first frame on its canvas. What it does not cover has the transparent colour, or else the first one.
Picture decode_gif(Bytes file) {
  GifReader gif(file);
  const int transparent = gif.find_frame();
  const GifImageDesc& frame = gif.info().Image;
  check_size(frame.Width, frame.Height);  // a frame without pixels is a fault, too
  Picture picture = blank_picture(std::max(gif.info().SWidth, frame.Left + frame.Width),
                                  std::max(gif.info().SHeight, frame.Top + frame.Height));
  const auto colours = palette_of(gif.info());
  const auto paint = [&](uint8_t* pixel, size_t index) {
    const GifColorType& colour = colours[index];
    pixel[0] = colour.Red;
    pixel[1] = colour.Green;
    pixel[2] = colour.Blue;
  };
  const size_t background = transparent == NO_TRANSPARENT_COLOR ? 0 : static_cast<size_t>(transparent);
  for (size_t place = 0; place < picture.rgb.size(); place += 3) paint(&picture.rgb[place], background);
  std::vector<GifPixelType> row(static_cast<size_t>(frame.Width));
  for (const int y : row_order(frame)) {
    gif.read_row(row);
    uint8_t* pixel = picture.row(frame.Top + y) + 3 * static_cast<ptrdiff_t>(frame.Left);
    for (size_t x = 0; x < row.size(); ++x) paint(pixel + 3 * x, row[x]);
  }
  return picture;
}

}  // namespace promptbed
