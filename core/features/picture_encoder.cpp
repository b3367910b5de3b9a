#include "features/picture_encoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "base/signals.h"
#include "data/pictures/view.h"
#include "features/pixels.h"

namespace promptbed {

Tensor PictureEncoder::encode(const Picture& picture, const std::vector<int>& views,
                              uint64_t view_key) const {
  at::init_num_threads();  // a new thread adopts the count set here
  const c10::InferenceMode frozen;
  std::vector<Tensor> features;
  for (const int view : views) {
    const Tensor seen = pixels(picture, {view}, view_key);
    features.push_back(tower_.encode(seen.to(device_)).cpu());
  }
  return at::cat(features);
}

Tensor PictureEncoder::pixels(const Picture& picture, const std::vector<int>& views,
                              uint64_t view_key) const {
  std::vector<Tensor> pixels;
  for (const int view : views) {
    check_interrupt();
    pixels.push_back(pixels_of(picture, view, view_key, preprocessing_, crops_));
  }
  return at::stack(pixels);
}

SingleThreadedOperators::SingleThreadedOperators() : before_(at::get_num_threads()) {
  at::set_num_threads(1);
}

SingleThreadedOperators::~SingleThreadedOperators() {
  at::set_num_threads(before_);
}

}  // namespace promptbed
