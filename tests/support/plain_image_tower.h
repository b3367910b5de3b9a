#pragma once

#include <ATen/ATen.h>
#include <promptbed/image_encoder.h>

#include "clip/checkpoints/checkpoint.h"
#include "support/plain_transformer.h"

namespace promptbed::test {

/// [B, T, W] with tokens at the end, in the place of as many or behind them.
inline Tensor with_last_tokens(const Tensor& x, const BlockTokens& deep) {
  const int64_t kept = x.size(1) - (deep.inserted ? 0 : deep.tokens.size(0));
  return at::cat({x.narrow(1, 0, kept), deep.tokens.expand({x.size(0), -1, -1})}, 1);
}

/// What the reference computes for pixels [B, 3, R, R]: features [B, D] of a vision transformer, all rows of
/// all blocks, in f32 by at::linear. As in the authors' code of MaPLe, tokens come after the patches. Changes
/// inside blocks are the weights' own.
inline Tensor plain_image_features(const Checkpoint& weights, const Tensor& pixels,
                                   const ImagePrompts& prompts = {}) {
  const Tensor& convolution = weights.at("visual.conv1.weight");
  const Tensor patches = at::conv2d(pixels, convolution, {}, convolution.size(2)).flatten(2).transpose(1, 2);
  const Tensor first = weights.at("visual.class_embedding").expand({pixels.size(0), 1, -1});
  const PlainTransformer transformer(weights, "visual.transformer", weights.vision_heads, prompts.changes);
  Tensor x = at::cat({first, patches}, 1) + weights.at("visual.positional_embedding");
  if (prompts.tokens.defined()) x = with_last_tokens(x, {0, prompts.tokens, /*inserted=*/true});
  x = transformer.norm(x, "visual.ln_pre");
  const auto run = [&](int64_t begin, int64_t end) {
    x = transformer.run(x, at::zeros({x.size(1), x.size(1)}, x.options()), begin, end);
  };
  int64_t begin = 0;
  for (const BlockTokens& deep : prompts.deep) {
    run(begin, deep.block);
    x = with_last_tokens(x, deep);
    begin = deep.block;
  }
  run(begin, transformer.count());
  return at::matmul(transformer.norm(x.select(1, 0), "visual.ln_post"), weights.at("visual.proj"));
}

}  // namespace promptbed::test
