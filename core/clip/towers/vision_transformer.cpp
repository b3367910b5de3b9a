#include "clip/towers/vision_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "clip/checkpoints/architecture.h"

namespace promptbed {
namespace {

/// A convolution over patches that do not overlap is one matrix: [W, 3, p, p] -> [W, 3 p p].
Linear patch_embedding(const Checkpoint& checkpoint, const Placement& placement) {
  return Linear(checkpoint.at("visual.conv1.weight").flatten(1), Tensor(), placement);
}

Linear projection(const Checkpoint& checkpoint, const Placement& placement) {
  return Linear(checkpoint.at("visual.proj").t(), Tensor(), placement);
}

}  // namespace

VisionTransformer::VisionTransformer(const Checkpoint& checkpoint, const Placement& placement)
    : activation_(checkpoint.activation),
      heads_(checkpoint.vision_heads),
      patch_(checkpoint.at("visual.conv1.weight").size(2)),
      resolution_(resolution_of(checkpoint)),
      embedding_width_(checkpoint.at("visual.proj").size(1)),
      device_(placement.device),
      patch_embedding_(patch_embedding(checkpoint, placement)),
      class_embedding_(frozen(checkpoint, "visual.class_embedding", placement)),
      positional_embedding_(frozen(checkpoint, "visual.positional_embedding", placement)),
      norm_before_(checkpoint, "visual.ln_pre", placement),
      norm_after_(checkpoint, "visual.ln_post", placement),
      projection_(projection(checkpoint, placement)) {
  const int64_t layers = count_layers(checkpoint, "visual.transformer");
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string name = fmt::format("visual.transformer.resblocks.{}", layer);
    const std::string attention = name + ".attn.in_proj_";
    blocks_.push_back(
        {LayerNorm(checkpoint, name + ".ln_1", placement),
         Linear(checkpoint.at(attention + "weight"), checkpoint.at(attention + "bias"), placement),
         Linear(checkpoint, name + ".attn.out_proj", placement),
         LayerNorm(checkpoint, name + ".ln_2", placement), Linear(checkpoint, name + ".mlp.c_fc", placement),
         Linear(checkpoint, name + ".mlp.c_proj", placement)});
  }
}

int64_t VisionTransformer::resolution_of(const Checkpoint& checkpoint) {
  const int64_t patches = checkpoint.at("visual.positional_embedding").size(0) - 1;
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  return grid * checkpoint.at("visual.conv1.weight").size(2);
}

Tensor VisionTransformer::encode(const Tensor& pixels, const Tensor& patches) const {
  Tensor x = norm_before_(embed(pixels.to(device_), patches));
  // The features are the class token's, so the last block computes no other row.
  for (const Block& block : blocks_) x = run(block, x, &block == &blocks_.back() ? 1 : x.size(1));
  return projection_(norm_after_(x.select(1, 0)));
}

Tensor VisionTransformer::embed(const Tensor& pixels, const Tensor& patches) const {
  const int64_t batch = pixels.size(0), grid = resolution_ / patch_;
  Tensor cut = pixels.reshape({batch, 3, grid, patch_, grid, patch_})
                   .permute({0, 2, 4, 1, 3, 5})
                   .reshape({batch, grid * grid, 3 * patch_ * patch_});
  Tensor positions = positional_embedding_.narrow(0, 1, grid * grid).expand({batch, -1, -1});
  if (patches.defined()) {
    const Tensor number = patches.to(device_).unsqueeze(-1);
    cut = cut.gather(1, number.expand({-1, -1, cut.size(2)}));
    positions = positions.gather(1, number.expand({-1, -1, positions.size(2)}));
  }
  const Tensor class_token = (class_embedding_ + positional_embedding_[0]).expand({batch, 1, -1});
  return at::cat({class_token, patch_embedding_(cut) + positions}, 1);
}

Tensor VisionTransformer::run(const Block& block, const Tensor& x, int64_t rows) const {
  const Tensor attended = x.narrow(1, 0, rows) + attend(block, block.norm1(x), rows);
  return attended + block.contract(activate(block.expand(block.norm2(attended)), activation_));
}

Tensor VisionTransformer::attend(const Block& block, const Tensor& x, int64_t rows) const {
  const int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2);
  // [B, T, 3 W] -> [3, B, heads, T, W / heads]
  const Tensor qkv =
      block.qkv(x).reshape({batch, tokens, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4});
  const Tensor query = qkv[0].narrow(2, 0, rows) * std::pow(static_cast<double>(width / heads_), -0.5);
  const Tensor weights = at::matmul(query, qkv[1].transpose(-2, -1)).softmax(-1);
  const Tensor mixed = at::matmul(weights, qkv[2]);  // [B, heads, rows, W / heads]
  return block.out(mixed.transpose(1, 2).reshape({batch, rows, width}));
}

}  // namespace promptbed
