#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

#include "clip/preprocessing.h"
#include "clip/towers/image_tower.h"
#include "data/pictures/picture.h"

namespace promptbed {

/// Turns decoded images into features of their views. Several threads may use it at once, each with
/// single-threaded operators.
class PictureEncoder {
 public:
  PictureEncoder(const ImageEncoder& tower, const Preprocessing& preprocessing, torch::Device device,
                 const CropRange& crops = {})
      : tower_(tower), preprocessing_(preprocessing), device_(device), crops_(crops) {}

  /// Features [views, D] f32 of the views (kCentreView, or 0 up), on the CPU. Views are drawn from a
  /// generator seeded by `view_key`. The tower encodes one view at a time. Throws Interrupted on Ctrl-C.
  Tensor encode(const Picture& picture, const std::vector<int>& views, uint64_t view_key) const;

  /// What the tower sees of the views: [views, 3, R, R] f32, normalised, on the CPU. Throws the same.
  Tensor pixels(const Picture& picture, const std::vector<int>& views, uint64_t view_key) const;

  const ImageEncoder& tower() const { return tower_; }
  torch::Device device() const { return device_; }

 private:
  const ImageEncoder& tower_;
  Preprocessing preprocessing_;
  torch::Device device_;
  CropRange crops_;
};

/// While it lives, LibTorch's operators use one thread, in this thread and in those it starts.
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
