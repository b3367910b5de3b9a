#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "data/pictures/codecs.h"

namespace promptbed {
namespace {

constexpr int64_t kMostSamples = 5;             // of a pixel: ink and an alpha
constexpr uint64_t kLargestChunk = 1ULL << 30;  // bytes of a strip or tile
// Tiles reach beyond an image. How much may be unpacked for one: so many times its own bytes, and the same
// again for a small image in large tiles.
constexpr uint64_t kMostOverhang = 4, kFreeBytes = 64ULL << 20;

/// libtiff's view of a file in memory.
class FileInMemory {
 public:
  explicit FileInMemory(Bytes file) : file_(file) {}

  static tmsize_t read(thandle_t handle, void* out, tmsize_t count) {
    auto* self = static_cast<FileInMemory*>(handle);
    const uint64_t left = self->file_.size() - std::min<uint64_t>(self->place_, self->file_.size());
    const auto taken = static_cast<size_t>(std::min<uint64_t>(left, static_cast<uint64_t>(count)));
    if (taken > 0) std::memcpy(out, self->file_.data() + self->place_, taken);
    self->place_ += taken;
    return static_cast<tmsize_t>(taken);
  }

  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    auto* self = static_cast<FileInMemory*>(handle);
    const uint64_t origin = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? self->place_ : self->file_.size();
    return self->place_ = origin + offset;
  }

  static toff_t size(thandle_t handle) { return static_cast<FileInMemory*>(handle)->file_.size(); }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static int close(thandle_t) { return 0; }

  /// What libtiff has to say is not printed. A palette that it cannot read it would take for shades of grey.
  static int listen(TIFF*, void* file, const char*, const char* format, va_list values) {
    std::array<char, 256> message{};
    std::vsnprintf(message.data(), message.size(), format, values);
    if (std::strstr(message.data(), "ColorMap") != nullptr)
      static_cast<FileInMemory*>(file)->lost_palette_ = true;
    return 1;
  }

  bool lost_palette() const { return lost_palette_; }

 private:
  Bytes file_;
  uint64_t place_ = 0;
  bool lost_palette_ = false;
};

using Tiff = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

Tiff open_tiff(FileInMemory& file) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), FileInMemory::listen, &file);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), FileInMemory::listen, &file);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kLargestChunk);
  // Read only, and without mapping the file, which is in memory already.
  Tiff tiff(
      TIFFClientOpenExt("image", "rm", &file, FileInMemory::read, FileInMemory::write, FileInMemory::seek,
                        FileInMemory::close, FileInMemory::size, nullptr, nullptr, options.get()),
      TIFFClose);
  if (tiff == nullptr) throw BadPicture("its header is damaged");
  if (file.lost_palette()) throw BadPicture("its palette is damaged");
  return tiff;
}

template <class Number>
int64_t field(TIFF* tiff, uint32_t tag) {
  Number value = 0;
  return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? static_cast<int64_t>(value) : 0;
}

/// How the first image of a file is kept.
struct Layout {
  int64_t width, height, samples, bits, photometric, orientation;
  bool separate;       ///< a plane for each sample, instead of pixels
  bool premultiplied;  ///< the colours by an alpha

  /// The samples that a colour is made of.
  int64_t colours() const {
    return photometric == PHOTOMETRIC_RGB ? 3 : photometric == PHOTOMETRIC_SEPARATED ? 4 : 1;
  }
};

bool has_premultiplied_alpha(TIFF* tiff) {
  uint16_t count = 0;
  const uint16_t* kinds = nullptr;
  return TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) == 1 && count > 0 &&
         kinds[0] == EXTRASAMPLE_ASSOCALPHA;
}

/// Throws BadPicture for kinds that are not read (docs/fidelity.md).
void check(TIFF* tiff, const Layout& layout) {
  const int64_t format = field<uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT);
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID)
    throw BadPicture("its samples are no unsigned integers");
  const bool is_colour = layout.photometric == PHOTOMETRIC_RGB || layout.photometric == PHOTOMETRIC_SEPARATED;
  const bool is_grey =
      layout.photometric == PHOTOMETRIC_MINISBLACK || layout.photometric == PHOTOMETRIC_MINISWHITE;
  if (!is_colour && !is_grey && layout.photometric != PHOTOMETRIC_PALETTE)
    throw BadPicture("its colours are neither grey, RGB, CMYK nor of a palette");
  const bool is_small = layout.bits == 1 || layout.bits == 2 || layout.bits == 4;
  const bool is_known = layout.bits == 8 || (is_small && layout.samples == 1 && !is_colour) ||
                        (layout.bits == 16 && layout.photometric != PHOTOMETRIC_PALETTE);
  if (!is_known || layout.samples < layout.colours() || layout.samples > kMostSamples)
    throw BadPicture(fmt::format("{} samples of {} bits a pixel", layout.samples, layout.bits));
}

Layout layout_of(TIFF* tiff) {
  Layout layout{.width = field<uint32_t>(tiff, TIFFTAG_IMAGEWIDTH),
                .height = field<uint32_t>(tiff, TIFFTAG_IMAGELENGTH),
                .samples = field<uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL),
                .bits = field<uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE),
                .photometric = field<uint16_t>(tiff, TIFFTAG_PHOTOMETRIC),
                .orientation = field<uint16_t>(tiff, TIFFTAG_ORIENTATION),
                .separate = field<uint16_t>(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE,
                .premultiplied = has_premultiplied_alpha(tiff)};
  const bool is_jpeg = field<uint16_t>(tiff, TIFFTAG_COMPRESSION) == COMPRESSION_JPEG;
  if (is_jpeg && layout.photometric == PHOTOMETRIC_YCBCR && !layout.separate) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.photometric = PHOTOMETRIC_RGB;
  }
  check(tiff, layout);
  check_size(layout.width, layout.height);
  layout.premultiplied = layout.premultiplied && layout.samples > layout.colours();
  return layout;
}

/// Reads an image chunk by chunk, strips or tiles, into its samples [height, width, samples]. They have a
/// byte each: of 16 bits the upper ones, but of grey all, up to 255, as Pillow has it.
class SampleReader {
 public:
  SampleReader(TIFF* tiff, const Layout& layout)
      : tiff_(tiff),
        layout_(layout),
        tiled_(TIFFIsTiled(tiff) != 0),
        across_(tiled_ ? field<uint32_t>(tiff, TIFFTAG_TILEWIDTH) : layout.width),
        down_(std::min(layout.height,
                       field<uint32_t>(tiff, tiled_ ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP))),
        planes_(layout.separate ? layout.samples : 1),
        chunk_bytes_(tiled_ ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff)) {
    check_chunks();
  }

  std::vector<uint8_t> read() {
    samples_.resize(static_cast<size_t>(layout_.width * layout_.height * layout_.samples));
    chunk_.resize(static_cast<size_t>(chunk_bytes_));
    for (int64_t plane = 0; plane < planes_; ++plane) {
      for (int64_t y = 0; y < layout_.height; y += down_) {
        for (int64_t x = 0; x < layout_.width; x += across_) read_chunk(plane, x, y);
      }
    }
    return std::move(samples_);
  }

 private:
  uint64_t row_bytes() const {
    const int64_t samples = across_ * (layout_.separate ? 1 : layout_.samples);
    return static_cast<uint64_t>(samples * layout_.bits + 7) / 8;
  }

  /// Before anything is read or allocated: a few bytes can stand for as many chunks as a file likes.
  void check_chunks() const {
    if (across_ < 1 || down_ < 1) throw BadPicture("its tiles are empty");
    if (chunk_bytes_ > kLargestChunk)
      throw BadPicture(tiled_ ? "a tile has more than 1 GiB" : "a strip has more than 1 GiB");
    if (chunk_bytes_ < row_bytes() * static_cast<uint64_t>(down_))
      throw BadPicture("its strips or tiles have a wrong size");
    const auto chunks = static_cast<uint64_t>(planes_ * ((layout_.width + across_ - 1) / across_) *
                                              ((layout_.height + down_ - 1) / down_));
    const auto own = static_cast<uint64_t>(layout_.width * layout_.height * layout_.samples) *
                     static_cast<uint64_t>(layout_.bits + 7) / 8;
    if (chunks > (kMostOverhang * own + kFreeBytes) / std::max<uint64_t>(chunk_bytes_, 1))
      throw BadPicture("its tiles are many times as large as the image");
  }

  void read_chunk(int64_t plane, int64_t x, int64_t y) {
    const auto rows = static_cast<uint64_t>(std::min(down_, layout_.height - y));
    const auto at_x = static_cast<uint32_t>(x), at_y = static_cast<uint32_t>(y);
    const auto at_plane = static_cast<uint16_t>(plane);
    const tmsize_t got = tiled_ ? TIFFReadTile(tiff_, chunk_.data(), at_x, at_y, 0, at_plane)
                                : TIFFReadEncodedStrip(tiff_, TIFFComputeStrip(tiff_, at_y, at_plane),
                                                       chunk_.data(), static_cast<tmsize_t>(chunk_bytes_));
    if (got < static_cast<tmsize_t>(row_bytes() * rows)) throw BadPicture("the file is damaged or cut short");
    const int64_t pixels = std::min(across_, layout_.width - x);
    for (uint64_t row = 0; row < rows; ++row)
      unpack(chunk_.data() + row * row_bytes(), pixels, x, y + static_cast<int64_t>(row), plane);
  }

  void unpack(const uint8_t* bytes, int64_t pixels, int64_t x, int64_t y, int64_t plane) {
    uint8_t* out = samples_.data() + (y * layout_.width + x) * layout_.samples + plane;
    const int64_t count = layout_.separate ? pixels : pixels * layout_.samples;
    const int64_t step = layout_.separate ? layout_.samples : 1;
    for (int64_t i = 0; i < count; ++i, out += step) *out = sample(bytes, i);
  }

  uint8_t sample(const uint8_t* bytes, int64_t index) const {
    if (layout_.bits == 8) return bytes[index];
    if (layout_.bits == 16) {
      uint16_t value = 0;
      std::memcpy(&value, bytes + 2 * index, sizeof(value));  // libtiff gives the processor's order
      return static_cast<uint8_t>(layout_.colours() == 1 ? std::min<int>(value, 255) : value >> 8);
    }
    const int64_t bit = index * layout_.bits;
    const int64_t shift = 8 - layout_.bits - bit % 8;
    return static_cast<uint8_t>(bytes[bit / 8] >> shift & ((1 << layout_.bits) - 1));
  }

  TIFF* tiff_;
  const Layout& layout_;
  bool tiled_;
  int64_t across_, down_;  ///< pixels of a chunk
  int64_t planes_;
  uint64_t chunk_bytes_;
  std::vector<uint8_t> samples_, chunk_;
};

/// Turns the samples of a pixel into its colour.
class Painter {
 public:
  Painter(TIFF* tiff, const Layout& layout) : layout_(layout) {
    if (layout.photometric != PHOTOMETRIC_PALETTE) return;
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &palette_[0], &palette_[1], &palette_[2]) != 1)
      throw BadPicture("it has no palette");
  }

  void paint(const uint8_t* samples, uint8_t* rgb) const {
    switch (layout_.photometric) {
      case PHOTOMETRIC_PALETTE:
        for (int c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(palette_[c][samples[0]] >> 8);
        return;
      case PHOTOMETRIC_SEPARATED:
        cmyk_to_rgb(samples, rgb);
        return;
      case PHOTOMETRIC_RGB:
        for (int c = 0; c < 3; ++c)
          rgb[c] = layout_.premultiplied ? divided(samples[c], samples[3]) : samples[c];
        return;
      default:
        std::fill_n(rgb, 3, grey(samples[0]));
    }
  }

 private:
  static uint8_t divided(int colour, int alpha) {
    return static_cast<uint8_t>(alpha == 0 ? 0 : std::min(255, colour * 255 / alpha));
  }

  uint8_t grey(int sample) const {
    const int light = layout_.bits < 8 ? sample * 255 / ((1 << layout_.bits) - 1) : sample;
    const bool is_inverted = layout_.photometric == PHOTOMETRIC_MINISWHITE && layout_.bits < 16;  // as Pillow
    return static_cast<uint8_t>(is_inverted ? 255 - light : light);
  }

  const Layout& layout_;
  const uint16_t* palette_[3] = {};
};

/// Where the pixel (x, y) of the image as it is shown lies in the file's, which may be turned and mirrored.
int64_t stored_place(const Layout& layout, int64_t x, int64_t y) {
  const int64_t orientation = layout.orientation;
  if (orientation >= ORIENTATION_LEFTTOP) std::swap(x, y);
  const auto is_one_of = [&](std::initializer_list<int64_t> kinds) {
    return std::ranges::count(kinds, orientation) > 0;
  };
  if (is_one_of({ORIENTATION_TOPRIGHT, ORIENTATION_BOTRIGHT, ORIENTATION_RIGHTBOT, ORIENTATION_LEFTBOT}))
    x = layout.width - 1 - x;
  if (is_one_of({ORIENTATION_BOTRIGHT, ORIENTATION_BOTLEFT, ORIENTATION_RIGHTTOP, ORIENTATION_RIGHTBOT}))
    y = layout.height - 1 - y;
  return y * layout.width + x;
}

/// A progressive JPEG inside may paint each pixel again and again, for minutes.
void check_scans(TIFF* tiff, const Layout& layout, Bytes file) {
  constexpr std::array<uint8_t, 2> kProgressive = {0xff, 0xc2};  // nowhere in what a JPEG packs
  if (field<uint16_t>(tiff, TIFFTAG_COMPRESSION) != COMPRESSION_JPEG ||
      layout.width * layout.height <= kMostScannedPixels / kMostScans)
    return;
  if (std::search(file.begin(), file.end(), kProgressive.begin(), kProgressive.end()) != file.end())
    throw BadPicture("it is a large progressive JPEG inside; save it as a baseline one");
}

}  // namespace

Picture decode_tiff(Bytes file) {
  FileInMemory memory(file);
  const Tiff tiff = open_tiff(memory);
  const Layout layout = layout_of(tiff.get());
  check_scans(tiff.get(), layout, file);
  const Painter painter(tiff.get(), layout);
  const std::vector<uint8_t> samples = SampleReader(tiff.get(), layout).read();
  const bool lies = layout.orientation >= ORIENTATION_LEFTTOP;
  Picture picture =
      lies ? blank_picture(layout.height, layout.width) : blank_picture(layout.width, layout.height);
  for (int y = 0; y < picture.height; ++y) {
    uint8_t* rgb = picture.row(y);
    for (int x = 0; x < picture.width; ++x, rgb += 3)
      painter.paint(samples.data() + stored_place(layout, x, y) * layout.samples, rgb);
  }
  return picture;
}

}  // namespace promptbed
