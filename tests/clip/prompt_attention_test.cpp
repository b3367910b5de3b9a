#include "clip/towers/prompt_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::relative_difference;

constexpr int64_t kBatch = 2, kHeads = 3, kWidth = 3 * 20;  // heads of 20: no multiple of a vector

/// Three classes behind a prefix of two, two of them with a common beginning.
PackedPrompts small_group() {
  const Tensor tokens = torch::tensor({1.0F, 2.0F, 3.0F, 1.0F, 4.0F, 5.0F}).unsqueeze(1);
  return pack_prompts({at::zeros({1, 2, 1}), tokens, {3, 2, 1}}).front();
}

/// The same attention by whole matrices, a mask and autograd, in f64: its own rounding is no part of the
/// differences.
Tensor dense(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
  const auto heads = [](const Tensor& x) { return x.unflatten(-1, {kHeads, -1}).transpose(1, 2); };
  const Tensor scores =
      at::matmul(heads(query.to(at::kDouble)), heads(key.to(at::kDouble)).transpose(-1, -2));
  const Tensor weights = at::softmax(scores + mask, -1);
  return at::matmul(weights, heads(value.to(at::kDouble))).transpose(1, 2).flatten(2);
}

class PromptAttentionOf : public ::testing::TestWithParam<bool> {
 protected:
  Tensor asking() const { return GetParam() ? group_.last_row : group_.every_row; }

  const PackedPrompts group_ = small_group();
};

TEST_P(PromptAttentionOf, IsSoftmaxAttentionUnderTheMaskWithItsGradients) {
  // Keys and values in one tensor, as the tower has them.
  Tensor query = at::randn({kBatch, asking().size(0), kWidth}).requires_grad_();
  Tensor key_value = at::randn({kBatch, group_.rows(), 2 * kWidth}).requires_grad_();
  const auto halves = [](const Tensor& x) {
    return std::pair(x.narrow(-1, 0, kWidth), x.narrow(-1, kWidth, kWidth));
  };
  const auto [key, value] = halves(key_value);
  const Tensor expected = dense(query, key, value, group_.mask().index_select(0, asking()));
  const Tensor direction = at::randn(expected.sizes());
  torch::autograd::backward({expected}, {direction.to(at::kDouble)});

  const at::NoGradGuard no_gradients;
  const PromptAttention attention(group_, asking(), kHeads);
  Tensor weights;
  EXPECT_LT(relative_difference(attention.forward(query, key, value, weights), expected), 1e-6);
  const Tensor query_gradient = at::zeros_like(query), gradient = at::zeros_like(key_value);
  const auto [key_gradient, value_gradient] = halves(gradient);
  attention.backward(direction, query, key, value, weights, query_gradient, key_gradient, value_gradient);
  EXPECT_LT(relative_difference(query_gradient, query.grad()), 1e-6);
  EXPECT_LT(relative_difference(gradient, key_value.grad()), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Rows, PromptAttentionOf, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "LastRows" : "EveryRow"; });

TEST(PromptAttention, HasTheSameBitsWhateverTheThreads) {
  const PackedPrompts group = small_group();
  // So many images that several threads are worth it.
  const Tensor rows = at::randn({4000, group.rows(), kWidth});
  const PromptAttention attention(group, group.every_row, kHeads);
  const int threads = at::get_num_threads();
  Tensor weights;
  at::set_num_threads(1);
  const Tensor alone = attention.forward(rows, rows, rows, weights);
  at::set_num_threads(2);
  const Tensor together = attention.forward(rows, rows, rows, weights);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(alone, together));
}

}  // namespace
}  // namespace promptbed
