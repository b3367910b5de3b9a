#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <string>

#include "clip/checkpoint.h"

namespace promptbed::test {

/// Sizes of a random text tower.
struct TextTowerSizes {
  int64_t width = 64, heads = 2, layers = 3, context_length = 16, vocabulary = 30, embedding = 24;
};

/// The text tower of a CLIP with random weights, alike whenever the sizes are.
inline Checkpoint random_text_tower(const TextTowerSizes& sizes = {}) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(11);
  const auto random = [&](at::IntArrayRef shape) { return at::randn(shape, generator).mul_(0.15); };
  Checkpoint checkpoint;
  checkpoint.text_heads = sizes.heads;
  const auto norm = [&](const std::string& name) {
    checkpoint.tensors[name + ".weight"] = random({sizes.width}) + 1;
    checkpoint.tensors[name + ".bias"] = random({sizes.width});
  };
  const auto linear = [&](const std::string& weight, const std::string& bias, int64_t out, int64_t in) {
    checkpoint.tensors[weight] = random({out, in});
    checkpoint.tensors[bias] = random({out});
  };
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const std::string block = fmt::format("transformer.resblocks.{}.", i);
    norm(block + "ln_1");
    norm(block + "ln_2");
    linear(block + "attn.in_proj_weight", block + "attn.in_proj_bias", 3 * sizes.width, sizes.width);
    linear(block + "attn.out_proj.weight", block + "attn.out_proj.bias", sizes.width, sizes.width);
    linear(block + "mlp.c_fc.weight", block + "mlp.c_fc.bias", 4 * sizes.width, sizes.width);
    linear(block + "mlp.c_proj.weight", block + "mlp.c_proj.bias", sizes.width, 4 * sizes.width);
  }
  norm("ln_final");
  checkpoint.tensors["token_embedding.weight"] = random({sizes.vocabulary, sizes.width});
  checkpoint.tensors["positional_embedding"] = random({sizes.context_length, sizes.width});
  checkpoint.tensors["text_projection"] = random({sizes.width, sizes.embedding});
  return checkpoint;
}

}  // namespace promptbed::test
