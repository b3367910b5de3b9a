#pragma once

#include <promptbed/image_encoder.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// The resolution R of the checkpoint's image tower.
int64_t image_resolution(const Checkpoint& checkpoint);

/// Residual attention blocks of the checkpoint's image tower; 0 for a ModifiedResNet.
int64_t count_image_blocks(const Checkpoint& checkpoint);

/// A vision transformer or a ModifiedResNet, whichever the checkpoint has. Unless the placement is
/// differentiable it serves only those who put nothing into it.
std::unique_ptr<ImageEncoder> make_image_encoder(const Checkpoint& checkpoint, Placement placement);

/// The same, prepared when it is first used: most methods never do. The sizes of a vision transformer are
/// known before.
class LateImageEncoder final : public ImageEncoder {
 public:
  LateImageEncoder(Checkpoint checkpoint, Placement placement)
      : checkpoint_(std::move(checkpoint)), placement_(placement) {}

  using ImageEncoder::encode;
  Tensor encode(const Tensor& pixels) const override { return tower().encode(pixels); }
  Tensor embed(const Tensor& pixels, const Tensor& tokens) const override {
    return tower().embed(pixels, tokens);
  }
  Tensor run(const Tensor& x, int64_t begin, int64_t end, const TowerChanges& changes,
             std::optional<int64_t> rows) const override {
    return tower().run(x, begin, end, changes, rows);
  }
  Tensor normed(const Tensor& x) const override { return tower().normed(x); }
  Tensor project(const Tensor& x) const override { return tower().project(x); }

  int64_t resolution() const override { return image_resolution(checkpoint_); }
  int64_t embedding_width() const override;
  int64_t width() const override;
  int64_t blocks() const override { return count_image_blocks(checkpoint_); }

 private:
  const ImageEncoder& tower() const;

  Checkpoint checkpoint_;
  Placement placement_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<ImageEncoder> tower_;
};

}  // namespace promptbed
