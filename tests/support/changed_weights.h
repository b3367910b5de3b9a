#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <promptbed/tower.h>

#include <string>
#include <vector>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed::test {

/// Random changes of a tower's blocks.
class RandomChanges {
 public:
  explicit RandomChanges(int64_t width) : width_(width) {}

  LowRank low_rank(int64_t rank, double scale) {
    return {random({rank, width_}), random({width_, rank}), scale};
  }
  /// An adapter with a bottleneck.
  Branch branch(int64_t bottleneck) {
    return {.output =
                [](const Tensor& x, const std::vector<Tensor>& w) {
                  return at::matmul(at::matmul(x, w[0].t()).tanh(), w[1].t());
                },
            .weights = {random({bottleneck, width_}), random({width_, bottleneck})}};
  }
  NormWeights norm() { return {random({width_}) + 1, random({width_})}; }

 private:
  Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_).mul_(0.2); }

  int64_t width_;
  at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(3);
};

/// The tensors of changes, for a test to learn.
inline std::vector<Tensor> leaves_of(const TowerChanges& changes) {
  std::vector<Tensor> leaves;
  for (const BlockChange& change : changes) {
    for (const LowRank* part : {&change.query, &change.key, &change.value, &change.output})
      if (part->down.defined()) leaves.insert(leaves.end(), {part->down, part->up});
    for (const NormWeights* norm : {&change.attention_norm, &change.mlp_norm})
      if (norm->weight.defined()) leaves.insert(leaves.end(), {norm->weight, norm->bias});
    leaves.insert(leaves.end(), change.branch.weights.begin(), change.branch.weights.end());
  }
  return leaves;
}

/// A checkpoint with the changes in its weights, differentiable in them; `transformer` is "transformer" or
/// "visual.transformer".
inline Checkpoint with_changed_weights(Checkpoint checkpoint, const std::string& transformer,
                                       const TowerChanges& changes) {
  const auto delta = [](const LowRank& change, const Tensor& like) {
    return change.down.defined() ? at::matmul(change.up, change.down) * change.scale : at::zeros_like(like);
  };
  for (const BlockChange& change : changes) {
    const std::string block = fmt::format("{}.resblocks.{}.", transformer, change.block);
    Tensor& inputs = checkpoint.tensors[block + "attn.in_proj_weight"];
    const auto third = inputs.chunk(3);
    inputs = inputs + at::cat({delta(change.query, third[0]), delta(change.key, third[1]),
                               delta(change.value, third[2])});
    Tensor& output = checkpoint.tensors[block + "attn.out_proj.weight"];
    output = output + delta(change.output, output);
    const auto replace = [&](const NormWeights& norm, const char* name) {
      if (!norm.weight.defined()) return;
      checkpoint.tensors[block + name + ".weight"] = norm.weight;
      checkpoint.tensors[block + name + ".bias"] = norm.bias;
    };
    replace(change.attention_norm, "ln_1");
    replace(change.mlp_norm, "ln_2");
  }
  return checkpoint;
}

}  // namespace promptbed::test
