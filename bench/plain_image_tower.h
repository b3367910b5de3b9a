#pragma once

#include <ATen/ATen.h>

#include "clip/checkpoints/checkpoint.h"
#include "support/plain_transformer.h"

namespace promptbed::bench {

/// What the reference computes for pixels [B, 3, R, R]: features [B, D] of a vision transformer, all rows of
/// all blocks, in f32 by at::linear.
inline Tensor plain_image_features(const Checkpoint& weights, const Tensor& pixels) {
  const Tensor& convolution = weights.at("visual.conv1.weight");
  const Tensor patches = at::conv2d(pixels, convolution, {}, convolution.size(2)).flatten(2).transpose(1, 2);
  const Tensor first = weights.at("visual.class_embedding").expand({pixels.size(0), 1, -1});
  const test::PlainTransformer transformer(weights, "visual.transformer", weights.vision_heads);
  const Tensor x = at::cat({first, patches}, 1) + weights.at("visual.positional_embedding");
  const Tensor out = transformer.run(transformer.norm(x, "visual.ln_pre"), at::zeros({x.size(1), x.size(1)}));
  return at::matmul(transformer.norm(out.select(1, 0), "visual.ln_post"), weights.at("visual.proj"));
}

}  // namespace promptbed::bench
