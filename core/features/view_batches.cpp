#include "features/view_batches.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>

#include "base/signals.h"

namespace promptbed {

size_t images_ahead(size_t threads, size_t views) {
  return std::max(threads, size_t{2 * kViewsAtOnce} / views);
}

ViewBatches::ViewBatches(const ImageEncoder& tower, torch::Device device, Taker take)
    : tower_(tower), device_(device), take_(std::move(take)) {}

void ViewBatches::add(std::span<const FeatureRow> rows, const Tensor& pixels) {
  if (!pixels_.defined()) {
    pixels_ = at::zeros({kViewsAtOnce, 3, tower_.resolution(), tower_.resolution()});
    if (device_.is_cuda()) pixels_ = pixels_.pin_memory();  // the GPU reads it at the bus's full speed
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    pixels_[static_cast<int64_t>(rows_.size())].copy_(pixels[static_cast<int64_t>(i)]);
    rows_.push_back(rows[i]);
    if (std::ssize(rows_) == kViewsAtOnce) finish();
  }
}

void ViewBatches::finish() {
  if (rows_.empty()) return;
  check_interrupt();
  const c10::InferenceMode frozen;
  const int64_t count = std::ssize(rows_);
  pixels_.narrow(0, count, kViewsAtOnce - count).zero_();
  const Tensor features = tower_.encode(pixels_.to(device_)).narrow(0, 0, count).cpu();
  take_(std::exchange(rows_, {}), features);
}

}  // namespace promptbed
