#include "data/pictures/view.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "base/hash.h"
#include "data/pictures/resize.h"

namespace promptbed {
namespace {

constexpr double kLeastShare = 0.001;      ///< of the area: a smaller crop may have no pixel
constexpr double kLeastRatio = 3.0 / 4.0;  ///< width / height of a crop
constexpr double kMostRatio = 4.0 / 3.0;
constexpr int kCropTries = 10;
constexpr double kFlipProbability = 0.5;

/// SplitMix64 (Steele, Lea and Flood 2014): the same on every machine, unlike the standard library's
/// distributions.
class ViewRandom {
 public:
  explicit ViewRandom(uint64_t seed) : state_(seed) {}

  /// Uniform over [low, high).
  double between(double low, double high) {
    const double unit = static_cast<double>(next() >> 11) * 0x1p-53;
    return low + (high - low) * unit;
  }

  /// Uniform over 0..limit-1.
  int below(int limit) { return static_cast<int>(between(0.0, limit)); }

 private:
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
  }

  uint64_t state_;
};

/// Python's round: half to even.
int rounded(double number) {
  return static_cast<int>(std::nearbyint(number));
}

Picture centre_view(const Picture& picture, int size, const ViewStyle& style) {
  static_assert(kLargestView * kLongestSide <= std::numeric_limits<int>::max());
  const Box everything = {0, 0, picture.width, picture.height};
  if (style.squashed) return resize(picture, everything, {size, size}, style.resampling);
  const int64_t short_side = std::min(picture.width, picture.height);
  const auto resized = [&](int64_t side) { return static_cast<int>(size * side / short_side); };
  const Size whole = {resized(picture.width), resized(picture.height)};
  const Box centre = {rounded((whole.width - size) / 2.0), rounded((whole.height - size) / 2.0), size, size};
  return resize(picture, everything, whole, centre, style.resampling);
}

/// The largest central crop within the limits of width / height.
Box fallback_crop(Size whole) {
  const double ratio = static_cast<double>(whole.width) / whole.height;
  Size crop = whole;
  if (ratio < kLeastRatio) crop.height = rounded(whole.width / kLeastRatio);
  if (ratio > kMostRatio) crop.width = rounded(whole.height * kMostRatio);
  return {(whole.width - crop.width) / 2, (whole.height - crop.height) / 2, crop.width, crop.height};
}

Box random_crop(Size whole, const CropRange& crops, ViewRandom& random) {
  const double area = static_cast<double>(whole.width) * whole.height;
  for (int attempt = 0; attempt < kCropTries; ++attempt) {
    const double crop_area = area * random.between(crops.least, crops.most);
    const double ratio = std::exp(random.between(std::log(kLeastRatio), std::log(kMostRatio)));
    const int width = rounded(std::sqrt(crop_area * ratio));
    const int height = rounded(std::sqrt(crop_area / ratio));
    if (width < 1 || width > whole.width || height < 1 || height > whole.height) continue;
    const int top = random.below(whole.height - height + 1);
    const int left = random.below(whole.width - width + 1);
    return {left, top, width, height};
  }
  return fallback_crop(whole);
}

void flip(Picture& picture) {
  for (int y = 0; y < picture.height; ++y) {
    uint8_t* left = picture.row(y);
    uint8_t* right = left + 3 * static_cast<ptrdiff_t>(picture.width - 1);
    for (; left < right; left += 3, right -= 3) std::swap_ranges(left, left + 3, right);
  }
}

}  // namespace

std::string to_string(const CropRange& crops) {
  return fmt::format("{}-{}", crops.least, crops.most);
}

CropRange parse_crops(std::string_view text, std::string_view where) {
  CropRange crops;
  const char* const end = text.data() + text.size();
  const auto least = std::from_chars(text.data(), end, crops.least);
  const bool has_dash = least.ec == std::errc() && least.ptr != end && *least.ptr == '-';
  const auto most = has_dash ? std::from_chars(least.ptr + 1, end, crops.most) : least;
  const bool is_range = has_dash && most.ec == std::errc() && most.ptr == end;
  if (!is_range || !(kLeastShare <= crops.least && crops.least <= crops.most && crops.most <= 1)) {
    throw Error(
        fmt::format("{} {}: give shares of an image's area from {} to 1, the least first, such as 0.08-1",
                    where, text, kLeastShare));
  }
  return crops;
}

std::string percent_text(const CropRange& crops) {
  return fmt::format("{:.4g} to {:.4g} %", 100 * crops.least, 100 * crops.most);
}

std::string view_name(int view) {
  return view == kCentreView ? "the centre view" : fmt::format("view {}", view);
}

uint64_t view_key(std::string_view dataset, std::string_view image_path) {
  return Hasher().add(dataset).add(image_path).low64();
}

Picture render_view(const Picture& picture, int size, int view, uint64_t key, const ViewStyle& style,
                    const CropRange& crops) {
  if (size < 1 || size > kLargestView || std::max(picture.width, picture.height) > kLongestSide)
    throw std::invalid_argument(
        fmt::format("a view of {} pixels of {} x {}", size, picture.width, picture.height));
  if (view == kCentreView) return centre_view(picture, size, style);
  ViewRandom random(Hasher().add(static_cast<int64_t>(key)).add(static_cast<int64_t>(view)).low64());
  const Box crop = random_crop({picture.width, picture.height}, crops, random);
  Picture rendered = resize(picture, crop, {size, size}, style.resampling);
  if (random.between(0.0, 1.0) < kFlipProbability) flip(rendered);
  return rendered;
}

}  // namespace promptbed
