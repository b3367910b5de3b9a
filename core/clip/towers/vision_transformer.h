#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/image_encoder.h"
#include "clip/towers/layers.h"

namespace promptbed {

/// CLIP's vision transformer: patches and a class token through pre-norm blocks, the class token's output
/// projected (arXiv 2103.00020, section 2.4).
class VisionTransformer : public ImageEncoder {
 public:
  VisionTransformer(const Checkpoint& checkpoint, const Placement& placement);

  Tensor encode(const Tensor& pixels) const override { return encode(pixels, Tensor()); }

  /// The same from only some patches of each image, as in masked pre-training (FLIP, arXiv 2212.00794):
  /// patches [B, n] are their indices, row by row; undefined for all.
  Tensor encode(const Tensor& pixels, const Tensor& patches) const;

  int64_t resolution() const override { return resolution_; }
  int64_t embedding_width() const override { return embedding_width_; }

  static int64_t resolution_of(const Checkpoint& checkpoint);

 private:
  struct Block {
    LayerNorm norm1;
    Linear qkv, out;
    LayerNorm norm2;
    Linear expand, contract;
  };

  /// [B, 3, R, R] -> [B, T, W]: the class token, then the patches; with positions.
  Tensor embed(const Tensor& pixels, const Tensor& patches) const;

  /// One block on tokens x [B, T, W], for the first `rows` of them: [B, rows, W].
  Tensor run(const Block& block, const Tensor& x, int64_t rows) const;

  /// Attention of the first `rows` of T normalised tokens to all: [B, rows, W].
  Tensor attend(const Block& block, const Tensor& x, int64_t rows) const;

  Activation activation_;
  int64_t heads_, patch_, resolution_, embedding_width_;
  torch::Device device_;
  Linear patch_embedding_;
  Tensor class_embedding_, positional_embedding_;
  LayerNorm norm_before_;
  std::vector<Block> blocks_;
  LayerNorm norm_after_;
  Linear projection_;
};

}  // namespace promptbed
