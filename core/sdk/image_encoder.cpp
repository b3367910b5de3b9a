#include <promptbed/image_encoder.h>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

namespace promptbed {
namespace {

[[noreturn]] void refuse_resnet() {
  throw Error(
      "the model's image tower is a ResNet, which has no tokens; choose a model with a vision transformer");
}

/// Throws Error for tokens that cannot enter the tower.
void check_tokens(const ImagePrompts& prompts, int64_t width, int64_t blocks) {
  const auto fits = [&](const Tensor& tokens) {
    return tokens.dim() == 2 && tokens.size(0) > 0 && tokens.size(1) == width;
  };
  if (prompts.tokens.defined() && !fits(prompts.tokens)) {
    throw Error(
        fmt::format("image tokens are [{}]; give [n, {}]", fmt::join(prompts.tokens.sizes(), ", "), width));
  }
  int64_t block = 0;
  for (const BlockTokens& deep : prompts.deep) {
    if (deep.block <= block || deep.block >= blocks) {
      throw Error(fmt::format("image tokens of block {}: give blocks from 1 to {}, in ascending order",
                              deep.block, blocks - 1));
    }
    block = deep.block;
    if (!fits(deep.tokens)) {
      throw Error(fmt::format("image tokens of block {} are [{}]; give [n, {}]", block,
                              fmt::join(deep.tokens.sizes(), ", "), width));
    }
  }
}

}  // namespace

Tensor ImageEncoder::encode(const Tensor& pixels, const ImagePrompts& prompts) const {
  check_tokens(prompts, width(), blocks());
  Tensor x = embed(pixels, prompts.tokens);
  int64_t begin = 0;
  for (const BlockTokens& deep : prompts.deep) {
    x = with_tokens(run(x, begin, deep.block, prompts.changes), deep);
    begin = deep.block;
  }
  // The features are CLS's, so the last block computes no other row.
  x = run(x, begin, blocks(), prompts.changes, 1);
  return project(normed(x.select(1, 0)));
}

Tensor ImageEncoder::embed(const Tensor&, const Tensor&) const {
  refuse_resnet();
}

Tensor ImageEncoder::run(const Tensor&, int64_t, int64_t, const TowerChanges&, std::optional<int64_t>) const {
  refuse_resnet();
}

Tensor ImageEncoder::normed(const Tensor&) const {
  refuse_resnet();
}

Tensor ImageEncoder::project(const Tensor&) const {
  refuse_resnet();
}

Tensor with_tokens(const Tensor& x, const BlockTokens& deep) {
  const int64_t count = deep.tokens.size(-2), replaced = deep.inserted ? 0 : count;
  if (x.size(1) <= replaced) {
    throw Error(fmt::format("{} tokens cannot enter block {}: a sequence has {} behind the first; use fewer",
                            count, deep.block, x.size(1) - 1));
  }
  const Tensor tokens = deep.tokens.expand({x.size(0), -1, -1});
  return at::cat({x.narrow(1, 0, 1), tokens, x.narrow(1, 1 + replaced, x.size(1) - 1 - replaced)}, 1);
}

}  // namespace promptbed
