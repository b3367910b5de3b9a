#include "data/pictures/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
/// Compiled for plain x86-64 and for AVX2; the loader picks the processor's.
#define PROMPTBED_FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define PROMPTBED_FOR_EACH_PROCESSOR
#endif

namespace promptbed {
namespace {

constexpr int kChannels = 3;
constexpr int kFractionBits = 22;  ///< of a weight; a product with a pixel and its sum fit 32 bits
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

/// A weight by distance, zero from `support` on.
struct Kernel {
  double support;
  double (*weight)(double distance);
};

/// Keys's cubic convolution kernel with a = -0.5.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double bilinear(double x) {
  return std::max(1.0 - std::abs(x), 0.0);
}

Kernel kernel_of(Resampling resampling) {
  return resampling == Resampling::bilinear ? Kernel{1.0, bilinear} : Kernel{2.0, bicubic};
}

/// The source pixels that make one pixel of the result, and their weights.
struct Taps {
  int first;
  std::vector<int32_t> weights;

  int last() const { return first + static_cast<int>(weights.size()); }
};

int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kFractionBits);
  return static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/// The taps of `count` result pixels from `first` on, when `from` pixels become `to`.
std::vector<Taps> taps_of(const Kernel& kernel, int from, int to, int first, int count) {
  const double scale = static_cast<double>(from) / to;
  const double stretch = std::max(scale, 1.0);
  const double support = kernel.support * stretch;
  std::vector<Taps> all(static_cast<size_t>(count));
  std::vector<double> exact;
  for (int i = 0; i < count; ++i) {
    const double centre = (first + i + 0.5) * scale;
    const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), from);
    exact.clear();
    double sum = 0.0;
    for (int x = begin; x < end; ++x) {
      exact.push_back(kernel.weight((x - centre + 0.5) * (1.0 / stretch)));
      sum += exact.back();
    }
    Taps& taps = all[static_cast<size_t>(i)];
    taps.first = begin;
    for (const double weight : exact) taps.weights.push_back(fixed_point(sum == 0.0 ? weight : weight / sum));
  }
  return all;
}

uint8_t to_pixel(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

PROMPTBED_FOR_EACH_PROCESSOR
void resize_row(const uint8_t* in, const std::vector<Taps>& columns, uint8_t* out) {
  for (const Taps& taps : columns) {
    const uint8_t* pixel = in + static_cast<ptrdiff_t>(taps.first) * kChannels;
    int32_t red = kHalf;
    int32_t green = kHalf;
    int32_t blue = kHalf;
    for (const int32_t weight : taps.weights) {
      red += weight * pixel[0];
      green += weight * pixel[1];
      blue += weight * pixel[2];
      pixel += kChannels;
    }
    out[0] = to_pixel(red);
    out[1] = to_pixel(green);
    out[2] = to_pixel(blue);
    out += kChannels;
  }
}

/// One row of the result: the weighted sum of rows, `stride` bytes apart, starting at `in`.
PROMPTBED_FOR_EACH_PROCESSOR
void blend_rows(const uint8_t* in, size_t stride, const std::vector<int32_t>& weights,
                std::span<int32_t> sums, uint8_t* out) {
  std::fill(sums.begin(), sums.end(), kHalf);
  for (const int32_t weight : weights) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += weight * in[i];
    in += stride;
  }
  for (size_t i = 0; i < sums.size(); ++i) out[i] = to_pixel(sums[i]);
}

}  // namespace

Picture resize(const Picture& picture, Box box, Size size, Resampling resampling) {
  return resize(picture, box, size, {0, 0, size.width, size.height}, resampling);
}

Picture resize(const Picture& picture, Box box, Size size, Box window, Resampling resampling) {
  const Kernel kernel = kernel_of(resampling);
  const std::vector<Taps> columns = taps_of(kernel, box.width, size.width, window.left, window.width);
  const std::vector<Taps> rows = taps_of(kernel, box.height, size.height, window.top, window.height);
  const int first_row = rows.front().first;
  const size_t stride = static_cast<size_t>(window.width) * kChannels;

  std::vector<uint8_t> narrowed(static_cast<size_t>(rows.back().last() - first_row) * stride);
  for (int y = first_row; y < rows.back().last(); ++y) {
    resize_row(picture.row(box.top + y) + static_cast<ptrdiff_t>(box.left) * kChannels, columns,
               narrowed.data() + static_cast<size_t>(y - first_row) * stride);
  }

  Picture result{window.width, window.height, std::vector<uint8_t>(window.height * stride)};
  std::vector<int32_t> sums(stride);
  for (int y = 0; y < window.height; ++y) {
    const Taps& taps = rows[static_cast<size_t>(y)];
    blend_rows(narrowed.data() + static_cast<size_t>(taps.first - first_row) * stride, stride, taps.weights,
               sums, result.row(y));
  }
  return result;
}

}  // namespace promptbed
