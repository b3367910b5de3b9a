#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ahead.h"
#include "clip/preprocessing.h"
#include "data/pictures/image_files.h"
#include "data/pictures/view.h"

namespace promptbed {

/// Finished images per thread that may wait for a slower one before them.
inline constexpr size_t kPicturesAhead = 4;

/// A list of images as the image tower takes them. Several threads may use it at once.
class PixelSource {
 public:
  virtual ~PixelSource() = default;

  /// [3, R, R] f32 of the image in a row of the list, on the CPU: in the centre view (kCentreView), or in
  /// that of an epoch, by its number from 0. Throws PictureError if the image is missing, unreadable or
  /// another one by now.
  virtual Tensor read(int64_t row, int64_t view) const = 0;
};

/// What the image tower sees of a view: [3, R, R] f32, normalised, on the CPU.
Tensor pixels_of(const Picture& picture, int view, uint64_t key, const Preprocessing& preprocessing,
                 const CropRange& crops);

/// Images of a dataset, decoded whenever they are asked for. The crop of an image depends on dataset, image,
/// seed and epoch, and on nothing else.
class PicturePixels final : public PixelSource {
 public:
  /// How images are shown.
  struct Style {
    Preprocessing preprocessing;
    CropRange crops;
    bool fresh_crops = true;  ///< in every epoch; otherwise every epoch shows the centre
  };

  /// One of a dataset's images.
  struct Named {
    std::string image;
    uint64_t contents = 0;  ///< hash_of_contents of its file; 0 if any will do
  };

  PicturePixels(ImageFiles files, std::string dataset, std::vector<Named> images, uint64_t seed, Style style);

  Tensor read(int64_t row, int64_t view) const override;

 private:
  Picture decoded(const std::string& image, uint64_t contents) const;

  ImageFiles files_;
  std::string dataset_;
  std::vector<Named> images_;
  uint64_t seed_;
  Style style_;
};

/// Images whose pixels are at hand.
class StoredPixels final : public PixelSource {
 public:
  /// pixels [E, N, 3, R, R] of N images, in the crops of E epochs, which come round again; the first is the
  /// centre, too.
  explicit StoredPixels(Tensor pixels) : pixels_(std::move(pixels)) {}

  Tensor read(int64_t row, int64_t view) const override;

 private:
  Tensor pixels_;
};

/// The first images of another source over and over, as if there were more.
class RepeatedPixels final : public PixelSource {
 public:
  /// `source` must outlive it.
  RepeatedPixels(const PixelSource& source, int64_t images) : source_(source), images_(images) {}

  Tensor read(int64_t row, int64_t view) const override { return source_.read(row % images_, view); }

 private:
  const PixelSource& source_;
  int64_t images_;
};

/// Rows one after the other, read ahead by threads of its own: two, or as many as LibTorch's operators have.
class PixelStream {
 public:
  /// rows [n] int64 in the order in which they are taken, in a view or epoch as PixelSource::read has it.
  /// `source` must outlive the stream.
  PixelStream(const PixelSource& source, const Tensor& rows, int64_t view);

  /// The next rows, [count, 3, R, R] on the CPU. Throws what PixelSource::read throws.
  Tensor next(int64_t count);

 private:
  std::vector<int64_t> rows_;
  Ahead<Tensor> pixels_;
};

}  // namespace promptbed
