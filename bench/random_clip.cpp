#include "random_clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

namespace promptbed::bench {
namespace {

// ViT-B/16's sizes, from the configuration that OpenAI published with the model (github.com/openai/CLIP).
constexpr int64_t kWidth = 768, kHeads = 12, kLayers = 12, kPatch = 16, kPatches = 14 * 14, kEmbedding = 512;

}  // namespace

Checkpoint random_image_tower() {
  Checkpoint checkpoint;
  checkpoint.vision_heads = kHeads;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    checkpoint.tensors["visual." + name] = at::randn(shape).mul_(0.05);
  };
  const auto pair = [&](const std::string& name, at::IntArrayRef shape) {
    add(name + ".weight", shape);
    add(name + ".bias", {shape[0]});
  };
  add("conv1.weight", {kWidth, 3, kPatch, kPatch});
  add("class_embedding", {kWidth});
  add("positional_embedding", {1 + kPatches, kWidth});
  add("proj", {kWidth, kEmbedding});
  pair("ln_pre", {kWidth});
  pair("ln_post", {kWidth});
  for (int64_t i = 0; i < kLayers; ++i) {
    const std::string block = fmt::format("transformer.resblocks.{}.", i);
    pair(block + "ln_1", {kWidth});
    pair(block + "ln_2", {kWidth});
    add(block + "attn.in_proj_weight", {3 * kWidth, kWidth});
    add(block + "attn.in_proj_bias", {3 * kWidth});
    pair(block + "attn.out_proj", {kWidth, kWidth});
    pair(block + "mlp.c_fc", {4 * kWidth, kWidth});
    pair(block + "mlp.c_proj", {kWidth, 4 * kWidth});
  }
  return checkpoint;
}

}  // namespace promptbed::bench
