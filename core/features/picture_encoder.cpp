#include "features/picture_encoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>

#include "base/signals.h"
#include "data/pictures/view.h"

namespace promptbed {

Tensor PictureEncoder::encode(const Picture& picture, const std::vector<int>& views,
                              uint64_t view_key) const {
  at::init_num_threads();  // a new thread adopts the count set here
  const c10::InferenceMode frozen;
  std::vector<Tensor> features;
  for (const int view : views) {
    check_interrupt();
    features.push_back(tower_.encode(pixels(picture, view, view_key)).cpu());
  }
  return at::cat(features);
}

Tensor PictureEncoder::pixels(const Picture& picture, int view, uint64_t view_key) const {
  const Picture rendered = render_view(picture, static_cast<int>(preprocessing_.size), view, view_key,
                                       preprocessing_.style, crops_);
  const auto per_channel = [&](const std::array<float, 3>& values) {
    return torch::tensor(at::ArrayRef<float>(values), device_).view({1, 3, 1, 1});
  };
  Tensor bytes = at::empty({1, rendered.height, rendered.width, 3}, torch::kUInt8);
  std::ranges::copy(rendered.rgb, bytes.data_ptr<uint8_t>());
  const Tensor scaled = bytes.to(device_).permute({0, 3, 1, 2}).contiguous().to(torch::kFloat32).div_(255);
  return (scaled - per_channel(preprocessing_.mean)) / per_channel(preprocessing_.std);
}

SingleThreadedOperators::SingleThreadedOperators() : before_(at::get_num_threads()) {
  at::set_num_threads(1);
}

SingleThreadedOperators::~SingleThreadedOperators() {
  at::set_num_threads(before_);
}

}  // namespace promptbed
