#include "features/pixels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "data/pictures/content_index.h"
#include "features/extraction.h"

namespace promptbed {
namespace {

/// Decoding an image takes some milliseconds. A training step on ViT-B/16 takes seconds on as many threads:
/// two are enough, even for a run that has one.
size_t count_threads() {
  return static_cast<size_t>(std::max(2, at::get_num_threads()));
}

/// Images that may be read and not yet taken: a few hundred kilobytes each.
constexpr size_t kImagesAhead = 64;

std::vector<int64_t> listed(const Tensor& rows) {
  const Tensor numbers = rows.to(torch::kCPU).contiguous();
  return {numbers.data_ptr<int64_t>(), numbers.data_ptr<int64_t>() + numbers.numel()};
}

}  // namespace

Tensor pixels_of(const Picture& picture, int view, uint64_t key, const Preprocessing& preprocessing,
                 const CropRange& crops) {
  const auto size = static_cast<int>(preprocessing.size);
  const Picture rendered = render_view(picture, size, view, key, preprocessing.style, crops);
  Tensor pixels = at::empty({3, size, size}, torch::kFloat);
  auto* out = pixels.data_ptr<float>();
  const int64_t count = int64_t{size} * size;
  for (size_t channel = 0; channel < 3; ++channel) {
    const float mean = preprocessing.mean[channel], deviation = preprocessing.std[channel];
    for (int64_t i = 0; i < count; ++i)
      *out++ =
          (static_cast<float>(rendered.rgb[static_cast<size_t>(3 * i) + channel]) / 255 - mean) / deviation;
  }
  return pixels;
}

PicturePixels::PicturePixels(ImageFiles files, std::string dataset, std::vector<Named> images, uint64_t seed,
                             Style style)
    : files_(std::move(files)),
      dataset_(std::move(dataset)),
      images_(std::move(images)),
      seed_(seed),
      style_(std::move(style)) {}

Tensor PicturePixels::read(int64_t row, int64_t view) const {
  const auto& [image, contents] = images_.at(static_cast<size_t>(row));
  const uint64_t key =
      Hasher().add(static_cast<int64_t>(view_key(dataset_, image))).add(static_cast<int64_t>(seed_)).low64();
  const int shown = style_.fresh_crops ? static_cast<int>(view) : kCentreView;
  return pixels_of(decoded(image, contents), shown, key, style_.preprocessing, style_.crops);
}

Picture PicturePixels::decoded(const std::string& image, uint64_t contents) const {
  try {
    const std::string bytes = files_.read(image);
    if (contents != 0 && hash_of_contents(bytes) != contents)
      throw Error(
          fmt::format("{}: has changed since it was looked at; sweep again", files_.path_of(image).string()));
    return decode_picture(bytes, files_.path_of(image));
  } catch (const Error& fault) {
    throw PictureError(fault.what());
  }
}

Tensor StoredPixels::read(int64_t row, int64_t view) const {
  return pixels_[view == kCentreView ? 0 : view % pixels_.size(0)][row];
}

PixelStream::PixelStream(const PixelSource& source, const Tensor& rows, int64_t view)
    : rows_(listed(rows)),
      pixels_(rows_.size(), count_threads(), kImagesAhead,
              [this, &source, view](size_t i) { return source.read(rows_[i], view); }) {}

Tensor PixelStream::next(int64_t count) {
  std::vector<Tensor> images;
  for (int64_t i = 0; i < count; ++i) images.push_back(pixels_.next().value());
  return at::stack(images);
}

}  // namespace promptbed
