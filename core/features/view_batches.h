#pragma once

#include <promptbed/image_encoder.h>
#include <promptbed/tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "features/feature_table.h"

namespace promptbed {

/// How many views a device encodes at once.
constexpr int64_t kViewsAtOnce = 64;

/// How many images of so many views may be in progress or wait for a device: as many as fill two batches,
/// since threads render the next while it is at one.
size_t images_ahead(size_t threads, size_t views);

/// Has views of images encoded on a device, kViewsAtOnce of them at a time. A batch that is not full is
/// filled up with zeros: all have one shape, so that a device runs the same kernels, and a feature should not
/// depend on how many others were missing.
class ViewBatches {
 public:
  /// Takes rows [n] and their features [n, D], f32 on the CPU, in the order in which they were added.
  using Taker = std::function<void(std::span<const FeatureRow> rows, const Tensor& features)>;

  /// `tower` must outlive it.
  ViewBatches(const ImageEncoder& tower, torch::Device device, Taker take);

  /// Pixels [n, 3, R, R] f32 on the CPU, as PictureEncoder::pixels() makes them.
  void add(std::span<const FeatureRow> rows, const Tensor& pixels);

  /// Encodes those that wait.
  void finish();

 private:
  const ImageEncoder& tower_;
  torch::Device device_;
  Taker take_;
  Tensor pixels_;  // [kViewsAtOnce, 3, R, R], of the rows that wait; made for the first of them
  std::vector<FeatureRow> rows_;  // fewer than kViewsAtOnce
};

}  // namespace promptbed
