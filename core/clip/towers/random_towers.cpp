#include "clip/towers/random_towers.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <vector>

namespace promptbed {
namespace {

constexpr uint64_t kSeed = 11;

// From the configurations that OpenAI published with each model (github.com/openai/CLIP).
constexpr int64_t kContextLength = 77;
constexpr int64_t kVocabulary = 49408;

struct Published {
  const char* name;
  TextTowerSizes text;
  std::optional<ImageTowerSizes> image;
};

constexpr Published kPublished[] = {
    {"RN50", {512, 8, 12, kContextLength, kVocabulary, 1024}, {}},
    {"RN101", {512, 8, 12, kContextLength, kVocabulary, 512}, {}},
    {"ViT-B/32", {512, 8, 12, kContextLength, kVocabulary, 512}, ImageTowerSizes{768, 12, 12, 32, 224, 512}},
    {"ViT-B/16", {512, 8, 12, kContextLength, kVocabulary, 512}, ImageTowerSizes{768, 12, 12, 16, 224, 512}},
    {"ViT-L/14",
     {768, 12, 12, kContextLength, kVocabulary, 768},
     ImageTowerSizes{1024, 16, 24, 14, 224, 768}},
};

const Published& published(const std::string& architecture) {
  std::vector<std::string> names;
  for (const Published& known : kPublished) {
    if (known.name == architecture) return known;
    names.emplace_back(known.name);
  }
  throw Error(fmt::format("no architecture {}; known: {}", architecture, fmt::join(names, ", ")));
}

/// Puts random weights together, one after the other.
class RandomWeights {
 public:
  explicit RandomWeights(double deviation) : deviation_(deviation) {}

  void add(const std::string& name, at::IntArrayRef shape) { weights_.tensors[name] = random(shape); }

  void norm(const std::string& name, int64_t width) {
    weights_.tensors[name + ".weight"] = random({width}) + 1;
    add(name + ".bias", {width});
  }

  /// A residual attention block, its name ending in a full stop.
  void block(const std::string& name, int64_t width) {
    norm(name + "ln_1", width);
    norm(name + "ln_2", width);
    linear(name + "attn.in_proj_weight", name + "attn.in_proj_bias", 3 * width, width);
    linear(name + "attn.out_proj.weight", name + "attn.out_proj.bias", width, width);
    linear(name + "mlp.c_fc.weight", name + "mlp.c_fc.bias", 4 * width, width);
    linear(name + "mlp.c_proj.weight", name + "mlp.c_proj.bias", width, 4 * width);
  }

  Checkpoint& checkpoint() { return weights_; }

 private:
  Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_).mul_(deviation_); }

  void linear(const std::string& weight, const std::string& bias, int64_t out, int64_t in) {
    add(weight, {out, in});
    add(bias, {out});
  }

  double deviation_;
  at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(kSeed);
  Checkpoint weights_;
};

}  // namespace

TextTowerSizes text_tower_sizes(const std::string& architecture) {
  return published(architecture).text;
}

std::optional<ImageTowerSizes> image_tower_sizes(const std::string& architecture) {
  return published(architecture).image;
}

Checkpoint random_text_tower(const TextTowerSizes& sizes) {
  RandomWeights weights(0.15);
  weights.checkpoint().text_heads = sizes.heads;
  for (int64_t i = 0; i < sizes.layers; ++i)
    weights.block(fmt::format("transformer.resblocks.{}.", i), sizes.width);
  weights.norm("ln_final", sizes.width);
  weights.add("token_embedding.weight", {sizes.vocabulary, sizes.width});
  weights.add("positional_embedding", {sizes.context_length, sizes.width});
  weights.add("text_projection", {sizes.width, sizes.embedding});
  return weights.checkpoint();
}

Checkpoint random_image_tower(const ImageTowerSizes& sizes) {
  const int64_t grid = sizes.resolution / sizes.patch;
  RandomWeights weights(0.05);
  weights.checkpoint().vision_heads = sizes.heads;
  weights.add("visual.conv1.weight", {sizes.width, 3, sizes.patch, sizes.patch});
  weights.add("visual.class_embedding", {sizes.width});
  weights.add("visual.positional_embedding", {1 + grid * grid, sizes.width});
  weights.norm("visual.ln_pre", sizes.width);
  for (int64_t i = 0; i < sizes.layers; ++i)
    weights.block(fmt::format("visual.transformer.resblocks.{}.", i), sizes.width);
  weights.norm("visual.ln_post", sizes.width);
  weights.add("visual.proj", {sizes.width, sizes.embedding});
  return weights.checkpoint();
}

}  // namespace promptbed
