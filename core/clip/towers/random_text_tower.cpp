#include "clip/towers/random_text_tower.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <utility>
#include <vector>

namespace promptbed {
namespace {

// From the configurations that OpenAI published with each model (github.com/openai/CLIP).
constexpr int64_t kContextLength = 77;
constexpr int64_t kVocabulary = 49408;
constexpr std::pair<const char*, TextTowerSizes> kPublished[] = {
    {"RN50", {512, 8, 12, kContextLength, kVocabulary, 1024}},
    {"RN101", {512, 8, 12, kContextLength, kVocabulary, 512}},
    {"ViT-B/32", {512, 8, 12, kContextLength, kVocabulary, 512}},
    {"ViT-B/16", {512, 8, 12, kContextLength, kVocabulary, 512}},
    {"ViT-L/14", {768, 12, 12, kContextLength, kVocabulary, 768}},
};

}  // namespace

TextTowerSizes text_tower_sizes(const std::string& architecture) {
  std::vector<std::string> names;
  for (const auto& [name, sizes] : kPublished) {
    if (name == architecture) return sizes;
    names.emplace_back(name);
  }
  throw Error(fmt::format("no architecture {}; known: {}", architecture, fmt::join(names, ", ")));
}

Checkpoint random_text_tower(const TextTowerSizes& sizes) {
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

}  // namespace promptbed
