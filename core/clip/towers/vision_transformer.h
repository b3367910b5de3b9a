#pragma once

#include <promptbed/image_encoder.h>
#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"

namespace promptbed {

/// CLIP's vision transformer: patches and a class token through pre-norm blocks, the class token's output
/// projected (arXiv 2103.00020, section 2.4).
class VisionTransformer final : public ImageEncoder {
 public:
  VisionTransformer(const Checkpoint& checkpoint, const Placement& placement);

  using ImageEncoder::encode;
  Tensor encode(const Tensor& pixels) const override { return encode(pixels, ImagePrompts()); }

  /// The features from only some patches of each image, as in masked pre-training (FLIP, arXiv 2212.00794):
  /// patches [B, n] are their indices, row by row; undefined for all.
  Tensor encode_patches(const Tensor& pixels, const Tensor& patches) const;

  Tensor embed(const Tensor& pixels, const Tensor& tokens = {}) const override;
  Tensor run(const Tensor& x, int64_t begin, int64_t end, const TowerChanges& changes = {},
             std::optional<int64_t> rows = {}) const override;
  Tensor normed(const Tensor& x) const override { return norm_after_(x); }
  Tensor project(const Tensor& x) const override { return projection_(x); }

  int64_t resolution() const override { return resolution_; }
  int64_t embedding_width() const override { return embedding_width_; }
  int64_t width() const override { return class_embedding_.size(0); }
  int64_t blocks() const override { return static_cast<int64_t>(blocks_.size()); }

  static int64_t resolution_of(const Checkpoint& checkpoint);

 private:
  struct Block {
    LayerNorm norm1;
    Linear qkv, out;
    LayerNorm norm2;
    Linear expand, contract;
  };

  /// [B, 3, R, R] -> [B, 1 + n + P, W]: the class token, tokens [n, W] or none, and the patches; with
  /// positions but for the tokens, in front of the first layer norm.
  Tensor rows_of(const Tensor& pixels, const Tensor& patches, const Tensor& tokens) const;

  /// One block on tokens x [B, T, W], for the first `rows` of them: [B, rows, W].
  Tensor run(const Block& block, const BlockChange& change, const Tensor& x, int64_t rows) const;

  /// Attention of the first `rows` of T normalised tokens to all: [B, rows, W].
  Tensor attend(const Block& block, const BlockChange& change, const Tensor& x, int64_t rows) const;

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
