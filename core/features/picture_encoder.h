#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

#include "clip/preprocessing.h"
#include "clip/towers/image_encoder.h"
#include "data/pictures/picture.h"

namespace promptbed {

/// From decoded pictures to features of their views. May be used by several threads at once, each of them
/// with single-threaded operators.
class PictureEncoder {
 public:
  PictureEncoder(const ImageEncoder& tower, const Preprocessing& preprocessing, torch::Device device)
      : tower_(tower), preprocessing_(preprocessing), device_(device) {}

  /// Features [views, D] f32 of the views (kCentreView, or 0 up), on the CPU. The random numbers of views
  /// come from `view_key`. The tower sees one view at a time. Throws Interrupted on Ctrl-C.
  Tensor encode(const Picture& picture, const std::vector<int>& views, uint64_t view_key) const;

 private:
  Tensor normalised(const Picture& view) const;

  const ImageEncoder& tower_;
  Preprocessing preprocessing_;
  torch::Device device_;
};

/// For its lifetime LibTorch's operators use one thread each, in this thread and in those started meanwhile.
class SingleThreadedOperators {
 public:
  SingleThreadedOperators();
  ~SingleThreadedOperators();
  SingleThreadedOperators(const SingleThreadedOperators&) = delete;
  SingleThreadedOperators& operator=(const SingleThreadedOperators&) = delete;

 private:
  int before_;
};

}  // namespace promptbed
