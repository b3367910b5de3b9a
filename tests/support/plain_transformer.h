#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/tower.h>

#include <cmath>
#include <string>
#include <vector>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed::test {

/// CLIP's residual attention blocks and layer norm as its paper has them, one tensor operation after another,
/// for quick GELU.
class PlainTransformer {
 public:
  /// `transformer` is "transformer" for the text tower, "visual.transformer" for the image tower. Of changes
  /// only the branches count: all others are in the checkpoint.
  PlainTransformer(const Checkpoint& checkpoint, std::string transformer, int64_t heads,
                   TowerChanges changes = {})
      : checkpoint_(checkpoint),
        transformer_(std::move(transformer)),
        heads_(heads),
        changes_(std::move(changes)) {}

  /// [B, T, W] -> [B, T, W]; `mask` [T, T] is added to the scores.
  Tensor run(const Tensor& x, const Tensor& mask) const { return run(x, mask, 0, count()); }

  /// The same through blocks [begin, end).
  Tensor run(Tensor x, const Tensor& mask, int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      const std::string block = block_name(i);
      const Tensor entering = norm(x, block + "ln_1");
      x = x + attend(entering, block + "attn", mask);
      const Tensor hidden = linear(norm(x, block + "ln_2"), block + "mlp.c_fc");
      x = x + linear(hidden * at::sigmoid(1.702 * hidden), block + "mlp.c_proj");
      for (const BlockChange& change : changes_) {
        if (change.block == i && change.branch.output)
          x = x + change.branch.output(entering, change.branch.weights);
      }
    }
    return x;
  }

  int64_t count() const {
    int64_t blocks = 0;
    while (checkpoint_.has(block_name(blocks) + "ln_1.weight")) ++blocks;
    return blocks;
  }

  Tensor norm(const Tensor& x, const std::string& name) const {
    return at::layer_norm(x, {x.size(-1)}, checkpoint_.at(name + ".weight"), checkpoint_.at(name + ".bias"),
                          1e-5);
  }

 private:
  std::string block_name(int64_t i) const { return fmt::format("{}.resblocks.{}.", transformer_, i); }

  Tensor linear(const Tensor& x, const std::string& name) const {
    return at::linear(x, checkpoint_.at(name + ".weight"), checkpoint_.at(name + ".bias"));
  }

  Tensor attend(const Tensor& x, const std::string& name, const Tensor& mask) const {
    const int64_t length = x.size(1), head_width = x.size(2) / heads_;
    const auto parts =
        at::linear(x, checkpoint_.at(name + ".in_proj_weight"), checkpoint_.at(name + ".in_proj_bias"))
            .chunk(3, -1);
    const auto split = [&](const Tensor& t) {
      return t.reshape({t.size(0), length, heads_, head_width}).transpose(1, 2);
    };
    const Tensor scores = at::matmul(split(parts[0]), split(parts[1]).transpose(-1, -2)) /
                          std::sqrt(static_cast<double>(head_width));
    const Tensor mixed = at::matmul(at::softmax(scores + mask, -1), split(parts[2]));
    return linear(mixed.transpose(1, 2).reshape(x.sizes()), name + ".out_proj");
  }

  const Checkpoint& checkpoint_;
  std::string transformer_;
  int64_t heads_;
  TowerChanges changes_;
};

}  // namespace promptbed::test
