#include "clip/towers/text_blocks.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>

#include "clip/towers/random_towers.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::relative_difference;

/// Features and gradients of one of the two ways to the same numbers.
struct Passes {
  Tensor features, prefix_gradient, suffix_gradient;
};

Passes passes(const TextBlocks& blocks, const PromptBatch& prompts, const PackedPrompts& group,
              bool learns_suffix) {
  const Tensor prefix = prompts.prefix.clone().requires_grad_();
  const Tensor suffix = prompts.suffix.index_select(0, group.token).clone().requires_grad_(learns_suffix);
  const Tensor features = blocks.encode(prefix, suffix, group);
  const Tensor direction = at::linspace(-2, 3, features.numel()).sin().view(features.sizes());
  torch::autograd::backward({features}, {direction});
  return {features.detach(), prefix.grad(), suffix.grad()};
}

class TextBlocksWith : public ::testing::TestWithParam<std::tuple<Activation, Precision, bool>> {};

TEST_P(TextBlocksWith, FrozenWeightsGiveWhatLibTorchsOperatorsGive) {
  const auto [activation, precision, learns_suffix] = GetParam();
  Checkpoint checkpoint = random_text_tower();
  checkpoint.activation = activation;
  const Placement placement{torch::kCPU, precision};
  const int64_t width = checkpoint.at("positional_embedding").size(1);
  const PromptBatch prompts{at::randn({2, 3, width}), at::randn({9, width}), {2, 4, 3}};
  const PackedPrompts group = pack_prompts(prompts).front();
  const Passes frozen =
      passes(*make_frozen_text_blocks(checkpoint, placement), prompts, group, learns_suffix);
  const Passes plain =
      passes(*make_differentiable_text_blocks(checkpoint, placement), prompts, group, learns_suffix);
  // In types of 16 bits the two round in different places.
  const double tolerance = precision == Precision::f32 ? 1e-5 : 0.05;
  EXPECT_LT(relative_difference(frozen.features, plain.features), tolerance);
  EXPECT_LT(relative_difference(frozen.prefix_gradient, plain.prefix_gradient), tolerance);
  EXPECT_EQ(frozen.suffix_gradient.defined(), learns_suffix);
  if (learns_suffix) {
    EXPECT_LT(relative_difference(frozen.suffix_gradient, plain.suffix_gradient), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TextBlocksWith,
                         ::testing::Combine(::testing::Values(Activation::quick_gelu, Activation::gelu),
                                            ::testing::Values(Precision::f32, Precision::bf16,
                                                              Precision::f16),
                                            ::testing::Bool()));

TEST(TextBlocks, AGraphOutlivesTheTowerThatMadeIt) {
  const Checkpoint checkpoint = random_text_tower();
  const int64_t width = checkpoint.at("positional_embedding").size(1);
  const PromptBatch prompts{at::randn({1, 3, width}).requires_grad_(), at::randn({4, width}), {2, 2}};
  const PackedPrompts group = pack_prompts(prompts).front();
  Tensor features = make_frozen_text_blocks(checkpoint, {})->encode(prompts.prefix, prompts.suffix, group);
  features.sum().backward();
  EXPECT_GT(prompts.prefix.grad().abs().sum().item<float>(), 0);
}

}  // namespace
}  // namespace promptbed
