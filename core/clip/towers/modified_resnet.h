#pragma once

#include <promptbed/image_encoder.h>
#include <promptbed/tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"

namespace promptbed {

/// A convolution without bias and its batch norm in inference, folded into one: w' = w g / sqrt(var + eps),
/// b' = b - mean g / sqrt(var + eps).
class FoldedConvolution {
 public:
  FoldedConvolution(const Checkpoint& checkpoint, const std::string& convolution, const std::string& norm,
                    int64_t stride, const Placement& placement);

  /// [B, in, H, W] -> [B, out, H / stride, W / stride] in f32, padded so that a 3 x 3 kernel keeps the size.
  Tensor operator()(const Tensor& x) const;

 private:
  torch::Dtype factors_ = torch::kFloat;  ///< what factors are rounded to
  Tensor weight_, bias_;
  int64_t stride_, padding_;
};

/// CLIP's ModifiedResNet (RN50, RN101, RN50x4, ...): a stem of three convolutions, bottlenecks that pool
/// instead of striding, and attention of the mean over all positions (arXiv 2103.00020, section 2.4).
class ModifiedResNet final : public ImageEncoder {
 public:
  ModifiedResNet(const Checkpoint& checkpoint, const Placement& placement);

  using ImageEncoder::encode;
  Tensor encode(const Tensor& pixels) const override;
  int64_t resolution() const override { return resolution_; }
  int64_t embedding_width() const override { return embedding_width_; }

  static int64_t resolution_of(const Checkpoint& checkpoint);

 private:
  struct Bottleneck {
    FoldedConvolution reduce, convolve, expand;
    std::optional<FoldedConvolution> shortcut;
    int64_t stride;
  };

  void add_stage(const Checkpoint& checkpoint, const std::string& name, int64_t stride,
                 const Placement& placement);

  static Tensor run(const Bottleneck& block, const Tensor& x);

  /// Attention pooling of [B, C, H, W] to [B, D]: the query is the mean over all positions.
  Tensor pool(const Tensor& x) const;

  int64_t resolution_, embedding_width_, heads_;
  torch::Device device_;
  FoldedConvolution stem1_, stem2_, stem3_;
  std::vector<Bottleneck> blocks_;
  Tensor positional_embedding_;
  Linear query_, key_, value_, projection_;
};

}  // namespace promptbed
