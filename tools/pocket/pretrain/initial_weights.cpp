#include "initial_weights.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "training/epoch_order.h"

namespace promptbed::pocket {
namespace {

constexpr double kTokenSpread = 0.02;
constexpr double kPositionSpread = 0.01;
constexpr double kPatchPositionScale = 0.5;  // beside patches of unit variance; icons are mostly about where
constexpr double kLongestWave = 10000;
constexpr double kInitialTemperature = 0.07;

/// Fills a checkpoint tensor by tensor from one stream of random numbers.
class Initialiser {
 public:
  Initialiser(Checkpoint& checkpoint, uint64_t seed)
      : checkpoint_(checkpoint), generator_(seeded_generator(seed, "pre-training weights")) {}

  void normal(const std::string& name, at::IntArrayRef shape, double spread) {
    checkpoint_.tensors[name] = at::randn(shape, generator_, torch::kFloat) * spread;
  }

  void layer_norm(const std::string& name, int64_t width) {
    checkpoint_.tensors[name + ".weight"] = at::ones({width}, torch::kFloat);
    checkpoint_.tensors[name + ".bias"] = at::zeros({width}, torch::kFloat);
  }

  void linear(const std::string& weight, const std::string& bias, int64_t out, int64_t in, double spread) {
    normal(weight, {out, in}, spread);
    checkpoint_.tensors[bias] = at::zeros({out}, torch::kFloat);
  }

  void transformer(const std::string& name, int64_t layers, int64_t width) {
    const double inward = std::pow(width, -0.5);
    const double outward = inward * std::pow(2.0 * static_cast<double>(layers), -0.5);
    for (int64_t layer = 0; layer < layers; ++layer) {
      const std::string block = fmt::format("{}.resblocks.{}.", name, layer);
      layer_norm(block + "ln_1", width);
      linear(block + "attn.in_proj_weight", block + "attn.in_proj_bias", 3 * width, width, inward);
      linear(block + "attn.out_proj.weight", block + "attn.out_proj.bias", width, width, outward);
      layer_norm(block + "ln_2", width);
      linear(block + "mlp.c_fc.weight", block + "mlp.c_fc.bias", 4 * width, width,
             std::pow(2.0 * static_cast<double>(width), -0.5));
      linear(block + "mlp.c_proj.weight", block + "mlp.c_proj.bias", width, 4 * width, outward);
    }
  }

 private:
  Checkpoint& checkpoint_;
  torch::Generator generator_;
};

/// Sines and cosines of each patch's row and column, as in MAE (arXiv 2111.06377): [grid grid, width]
Tensor patch_positions(int64_t grid, int64_t width) {
  const int64_t waves = width / 4;
  const Tensor frequency =
      at::pow(kLongestWave, -at::arange(waves, torch::kFloat) / static_cast<double>(waves));
  const Tensor angle = at::arange(grid, torch::kFloat).unsqueeze(1) * frequency;
  const Tensor place = at::cat({angle.sin(), angle.cos()}, 1);  // [grid, width / 2]
  return at::cat({place.unsqueeze(1).expand({-1, grid, -1}), place.unsqueeze(0).expand({grid, -1, -1})}, 2)
      .flatten(0, 1);
}

}  // namespace

Checkpoint initial_weights(const Architecture& sizes, uint64_t seed) {
  Checkpoint checkpoint;
  checkpoint.activation = Activation::quick_gelu;
  checkpoint.vision_heads = sizes.vision_width / kHeadWidth;
  checkpoint.text_heads = sizes.text_width / kHeadWidth;

  Initialiser initialise(checkpoint, seed);
  const double vision_spread = std::pow(sizes.vision_width, -0.5);
  const int64_t grid = sizes.resolution / sizes.patch;
  initialise.normal("visual.conv1.weight", {sizes.vision_width, 3, sizes.patch, sizes.patch},
                    std::pow(3.0 * static_cast<double>(sizes.patch * sizes.patch), -0.5));
  initialise.normal("visual.class_embedding", {sizes.vision_width}, vision_spread);
  checkpoint.tensors["visual.positional_embedding"] = at::cat(
      {at::zeros({1, sizes.vision_width}), kPatchPositionScale * patch_positions(grid, sizes.vision_width)});
  initialise.layer_norm("visual.ln_pre", sizes.vision_width);
  initialise.transformer("visual.transformer", sizes.vision_layers, sizes.vision_width);
  initialise.layer_norm("visual.ln_post", sizes.vision_width);
  initialise.normal("visual.proj", {sizes.vision_width, sizes.embedding_width}, vision_spread);

  initialise.normal("token_embedding.weight", {sizes.vocabulary, sizes.text_width}, kTokenSpread);
  initialise.normal("positional_embedding", {sizes.context_length, sizes.text_width}, kPositionSpread);
  initialise.transformer("transformer", sizes.text_layers, sizes.text_width);
  initialise.layer_norm("ln_final", sizes.text_width);
  initialise.normal("text_projection", {sizes.text_width, sizes.embedding_width},
                    std::pow(sizes.text_width, -0.5));
  checkpoint.tensors["logit_scale"] = at::full({}, std::log(1 / kInitialTemperature), torch::kFloat);
  return checkpoint;
}

}  // namespace promptbed::pocket
