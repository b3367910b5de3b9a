#include "clip/towers/vision_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <cmath>

#include "clip/checkpoints/architecture.h"
#include "clip/towers/tower_changes.h"

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

Tensor VisionTransformer::encode_patches(const Tensor& pixels, const Tensor& patches) const {
  const Tensor x = norm_before_(rows_of(pixels.to(device_), patches, Tensor()));
  return project(normed(run(x, 0, blocks(), {}, 1).select(1, 0)));
}

Tensor VisionTransformer::embed(const Tensor& pixels, const Tensor& tokens) const {
  return norm_before_(rows_of(pixels.to(device_), Tensor(), tokens));
}

Tensor VisionTransformer::rows_of(const Tensor& pixels, const Tensor& patches, const Tensor& tokens) const {
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
  const Tensor placed = patch_embedding_(cut) + positions;
  if (!tokens.defined()) return at::cat({class_token, placed}, 1);
  return at::cat({class_token, tokens.expand({batch, -1, -1}), placed}, 1);
}

Tensor VisionTransformer::run(const Tensor& x, int64_t begin, int64_t end, const TowerChanges& changes,
                              std::optional<int64_t> rows) const {
  if (begin < 0 || begin > end || end > blocks())
    throw Error(fmt::format("image blocks {} to {}: the tower has 0 to {}", begin, end - 1, blocks() - 1));
  if (rows && (*rows < 1 || *rows > x.size(1)))
    throw Error(fmt::format("{} rows of an image: it has 1 to {}", *rows, x.size(1)));
  check_changes(changes, width(), blocks(), "image");
  if (begin == end && rows) return x.narrow(1, 0, *rows);
  Tensor y = x;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t wanted = rows && i + 1 == end ? *rows : y.size(1);
    y = run(blocks_[i], change_or_none(changes, i), y, wanted);
  }
  return y;
}

Tensor VisionTransformer::run(const Block& block, const BlockChange& change, const Tensor& x,
                              int64_t rows) const {
  const Tensor entering = changed(block.norm1, change.attention_norm, x);
  const Tensor attended = x.narrow(1, 0, rows) + attend(block, change, entering, rows);
  const Tensor normed = changed(block.norm2, change.mlp_norm, attended);
  return with_branch(attended + block.contract(activate(block.expand(normed), activation_)), change.branch,
                     entering.narrow(1, 0, rows));
}

Tensor VisionTransformer::attend(const Block& block, const BlockChange& change, const Tensor& x,
                                 int64_t rows) const {
  const int64_t batch = x.size(0), width = x.size(2), head = width / heads_;
  const Tensor qkv = block.qkv(x);              // [B, T, 3 W]
  const auto heads = [&](const Tensor& part) {  // [B, T, W] -> [B, heads, T, W / heads]
    return part.unflatten(-1, {heads_, head}).transpose(1, 2);
  };
  const auto part = [&](int64_t i, const LowRank& low_rank) {
    return heads(changed(qkv.narrow(-1, i * width, width), low_rank, x));
  };
  const Tensor query = part(0, change.query).narrow(2, 0, rows) * std::pow(static_cast<double>(head), -0.5);
  const Tensor weights = at::matmul(query, part(1, change.key).transpose(-2, -1)).softmax(-1);
  const Tensor mixed =
      at::matmul(weights, part(2, change.value)).transpose(1, 2).reshape({batch, rows, width});
  return changed(block.out(mixed), change.output, mixed);
}

}  // namespace promptbed
