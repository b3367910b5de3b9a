#pragma once

#include <ATen/ATen.h>
#include <promptbed/error.h>
#include <promptbed/image_encoder.h>
#include <promptbed/text_encoder.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/vision_transformer.h"
#include "support/plain_text_tower.h"
#include "support/plain_transformer.h"

/// The towers as the reference computes them, by at::linear in the type and on the device of their weights:
/// all 77 tokens of every prompt, and every row of every block. Weights get no gradients.
namespace promptbed::bench {

class ReferenceTextEncoder final : public TextEncoder {
 public:
  /// The weights must outlive it.
  explicit ReferenceTextEncoder(const Checkpoint& weights) : weights_(weights), tower_(weights) {}

  Tensor encode(const PromptBatch& prompts) const override {
    const auto type = weights_.at("text_projection").scalar_type();
    if (type == torch::kFloat) return tower_.encode(prompts);
    PromptBatch rounded = prompts;
    rounded.prefix = prompts.prefix.to(type);
    rounded.suffix = prompts.suffix.to(type);
    return tower_.encode(rounded).to(torch::kFloat);
  }
  Tensor embed(std::span<const int64_t> tokens) const override {
    const Tensor& known = weights_.at("token_embedding.weight");
    const Tensor ids = torch::tensor(std::vector(tokens.begin(), tokens.end()), torch::kLong);
    return known.index_select(0, ids.to(known.device())).to(torch::kFloat);
  }
  int64_t context_length() const override { return weights_.at("positional_embedding").size(0); }
  int64_t width() const override { return weights_.at("positional_embedding").size(1); }
  int64_t embedding_width() const override { return weights_.at("text_projection").size(1); }
  int64_t blocks() const override {
    return test::PlainTransformer(weights_, "transformer", weights_.text_heads).count();
  }

 private:
  const Checkpoint& weights_;
  test::PlainTextTower tower_;
};

class ReferenceImageEncoder final : public ImageEncoder {
 public:
  /// The weights must outlive it.
  explicit ReferenceImageEncoder(const Checkpoint& weights)
      : weights_(weights), blocks_(weights, "visual.transformer", weights.vision_heads) {}

  using ImageEncoder::encode;
  Tensor encode(const Tensor& pixels) const override { return encode(pixels, ImagePrompts()); }

  Tensor embed(const Tensor& pixels, const Tensor& tokens) const override {
    const Tensor& convolution = weights_.at("visual.conv1.weight");
    const Tensor patches =
        at::conv2d(pixels, convolution, {}, convolution.size(2)).flatten(2).transpose(1, 2);
    const Tensor first = weights_.at("visual.class_embedding").expand({pixels.size(0), 1, -1});
    Tensor x = at::cat({first, patches}, 1) + weights_.at("visual.positional_embedding");
    if (tokens.defined()) x = with_tokens(x, {0, tokens, /*inserted=*/true});
    return blocks_.norm(x, "visual.ln_pre");
  }
  /// Without changes inside blocks.
  Tensor run(const Tensor& x, int64_t begin, int64_t end, const TowerChanges& changes,
             std::optional<int64_t> rows) const override {
    if (!changes.empty()) throw Error("the reference's tower has no changes inside blocks");
    const Tensor y = blocks_.run(x, at::zeros({x.size(1), x.size(1)}, x.options()), begin, end);
    return rows ? y.narrow(1, 0, *rows) : y;
  }
  Tensor normed(const Tensor& x) const override { return blocks_.norm(x, "visual.ln_post"); }
  Tensor project(const Tensor& x) const override { return at::matmul(x, weights_.at("visual.proj")); }

  int64_t resolution() const override { return VisionTransformer::resolution_of(weights_); }
  int64_t embedding_width() const override { return weights_.at("visual.proj").size(1); }
  int64_t width() const override { return weights_.at("visual.class_embedding").size(0); }
  int64_t blocks() const override { return blocks_.count(); }

 private:
  const Checkpoint& weights_;
  test::PlainTransformer blocks_;
};

}  // namespace promptbed::bench
