#include "clip/towers/tower_changes.h"

#include <gtest/gtest.h>

#include <utility>

#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/text_transformer.h"
#include "support/changed_weights.h"
#include "support/expect_error.h"
#include "support/plain_image_tower.h"
#include "support/plain_text_tower.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::leaves_of;
using test::RandomChanges;
using test::relative_difference;
using test::with_changed_weights;

constexpr int64_t kBlocks = 4;

/// Changes that a tower may have, of width W.
struct Case {
  const char* name;
  TowerChanges (*make)(int64_t width);
};

void PrintTo(const Case& changes, std::ostream* out) {
  *out << changes.name;
}

TowerChanges in_every_block(int64_t width) {
  RandomChanges random(width);
  TowerChanges changes;
  for (int64_t block = 0; block < kBlocks; ++block)
    changes.push_back({.block = block,
                       .query = random.low_rank(2, 0.7),
                       .key = random.low_rank(3, 1.5),
                       .value = random.low_rank(1, -1)});
  return changes;
}

TowerChanges of_outputs_and_norms(int64_t width) {
  RandomChanges random(width);
  return {{.block = 2, .output = random.low_rank(2, 1), .attention_norm = random.norm()},
          {.block = 0, .mlp_norm = random.norm()}};
}

TowerChanges in_the_last_block(int64_t width) {
  RandomChanges random(width);
  return {{.block = kBlocks - 1,
           .query = random.low_rank(2, 1),
           .output = random.low_rank(2, 1),
           .attention_norm = random.norm(),
           .mlp_norm = random.norm()}};
}

TowerChanges beside_blocks(int64_t width) {
  RandomChanges random(width);
  return {{.block = 1, .branch = random.branch(3)},
          {.block = kBlocks - 1,
           .key = random.low_rank(2, 1),
           .attention_norm = random.norm(),
           .branch = random.branch(2)}};
}

/// The features that a tower gives, and the gradients of all leaves, for one direction of the features.
template <class Encode>
std::vector<Tensor> passes(std::vector<Tensor> leaves, Encode&& encode) {
  for (Tensor& leaf : leaves) leaf.mutable_grad() = Tensor();
  const Tensor features = encode();
  (features * at::linspace(-2, 3, features.numel()).sin().view(features.sizes())).sum().backward();
  std::vector<Tensor> found = {features.detach()};
  for (const Tensor& leaf : leaves) found.push_back(leaf.grad());
  return found;
}

void expect_equal(const std::vector<Tensor>& found, const std::vector<Tensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_TRUE(found[i].defined() && expected[i].defined()) << i;
    EXPECT_LT(relative_difference(found[i], expected[i]), 2e-5) << i;
  }
}

class TowersWithChanges : public ::testing::TestWithParam<Case> {
 protected:
  static void learn(std::vector<Tensor> leaves) {
    for (Tensor& leaf : leaves) leaf.requires_grad_();
  }
};

TEST_P(TowersWithChanges, TextTowersGiveWhatChangedWeightsGive) {
  const Checkpoint checkpoint = random_text_tower({.layers = kBlocks});
  Checkpoint learned = checkpoint;  // a tower whose weights are learned goes through LibTorch's operators
  learned.tensors["text_projection"] = learned.at("text_projection").clone().requires_grad_();
  for (const Checkpoint& weights : {checkpoint, learned}) {
    const TextTransformer tower(weights, {});
    for (const int64_t classes : {3, 150}) {  // the latter are computed again in the backward pass
      const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
      PromptBatch prompts{at::randn({1, 4, tower.width()}, generator),
                          at::randn({5 * classes, tower.width()}, generator),
                          std::vector<int64_t>(static_cast<size_t>(classes), 5)};
      prompts.deep = {{2, at::randn({3, tower.width()}, generator)}};
      prompts.changes = GetParam().make(tower.width());
      std::vector<Tensor> leaves = leaves_of(prompts.changes);
      leaves.insert(leaves.end(), {prompts.prefix, prompts.deep[0].tokens});
      learn(leaves);
      const test::PlainTextTower plain(with_changed_weights(checkpoint, "transformer", prompts.changes));
      const auto expected = passes(leaves, [&] { return plain.encode(prompts); });
      expect_equal(passes(leaves, [&] { return tower.encode(prompts); }), expected);
      const at::NoGradGuard no_gradients;
      EXPECT_LT(relative_difference(tower.encode(prompts), expected[0]), 2e-5);
    }
  }
}

TEST_P(TowersWithChanges, ImageTowersGiveWhatChangedWeightsGive) {
  const Checkpoint checkpoint = random_image_tower({.layers = kBlocks});
  const auto tower = make_image_encoder(checkpoint, {});
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const Tensor pixels = at::randn({3, 3, tower->resolution(), tower->resolution()}, generator);
  ImagePrompts prompts{.tokens = at::randn({2, tower->width()}, generator)};
  prompts.deep = {{1, at::randn({2, tower->width()}, generator)}};
  prompts.changes = GetParam().make(tower->width());
  std::vector<Tensor> leaves = leaves_of(prompts.changes);
  leaves.insert(leaves.end(), {prompts.tokens, prompts.deep[0].tokens});
  learn(leaves);
  const Checkpoint changed = with_changed_weights(checkpoint, "visual.transformer", prompts.changes);
  expect_equal(passes(leaves, [&] { return tower->encode(pixels, prompts); }),
               passes(leaves, [&] { return test::plain_image_features(changed, pixels, prompts); }));
}

INSTANTIATE_TEST_SUITE_P(Changes, TowersWithChanges,
                         ::testing::Values(Case{"InEveryBlock", in_every_block},
                                           Case{"OfOutputsAndNorms", of_outputs_and_norms},
                                           Case{"InTheLastBlock", in_the_last_block},
                                           Case{"BesideBlocks", beside_blocks}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(TowerChanges, DropAShareOfWhatTheySeeTheSameForASeed) {
  RandomChanges random(40);
  LowRank change = random.low_rank(2, 1);
  const Tensor x = at::ones({500, 40}), y = at::zeros({500, 40});
  const Tensor whole = changed(y, change, x);
  change.dropout = 0.25;
  change.seed = 7;
  const Tensor dropped = changed(y, change, x);
  EXPECT_TRUE(at::equal(dropped, changed(y, change, x)));
  EXPECT_FALSE(at::allclose(dropped[0], dropped[1])) << "each row drops its own";
  EXPECT_LT(relative_difference(dropped.mean(0), whole[0]), 0.15) << "the mean stays";
  change.seed = 8;
  EXPECT_FALSE(at::allclose(dropped, changed(y, change, x)));
}

TEST(TowerChanges, DropTheSameWhereAPassIsComputedAgain) {
  const TextTransformer tower(random_text_tower({.layers = 2}), {});
  const int64_t classes = 500;  // more rows than are kept
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  PromptBatch prompts{at::randn({1, 2, tower.width()}, generator),
                      at::randn({5 * classes, tower.width()}, generator), std::vector<int64_t>(classes, 5)};
  RandomChanges random(tower.width());
  prompts.changes = {{.block = 0, .value = random.low_rank(2, 1)}};
  LowRank& change = prompts.changes[0].value;
  change.dropout = 0.5;
  change.seed = 9;
  change.up.requires_grad_();
  tower.encode(prompts).sum().backward();
  const Tensor gradient = change.up.grad(), direction = gradient / gradient.norm();
  const auto sum_at = [&](double step) {
    const at::NoGradGuard no_gradients;
    PromptBatch moved = prompts;
    moved.changes[0].value.up = change.up.detach() + step * direction;
    return tower.encode(moved).to(torch::kDouble).sum().item<double>();
  };
  const double slope = (sum_at(0.01) - sum_at(-0.01)) / 0.02;
  EXPECT_NEAR(slope / gradient.norm().item<double>(), 1, 0.02);
}

TEST(TowerChanges, AreRefusedIfTheyDoNotFit) {
  const TextTransformer tower(random_text_tower(), {});
  RandomChanges random(tower.width());
  const auto encode = [&](TowerChanges changes) {
    PromptBatch prompts{at::zeros({1, 2, tower.width()}), at::zeros({3, tower.width()}), {3}};
    prompts.changes = std::move(changes);
    return tower.encode(prompts);
  };
  EXPECT_ERROR(encode({{.block = 3}}), "change of text block 3: give blocks from 0 to 2");
  EXPECT_ERROR(encode({{.block = 1}, {.block = 1}}), "two changes of text block 1: give one for each");
  EXPECT_ERROR(encode({{.block = 1, .key = {at::zeros({2, 5}), at::zeros({64, 2})}}}),
               "change of key in text block 1: down is [2, 5] and up [64, 2]; give [r, 64] and [64, r]");
  EXPECT_ERROR(encode({{.block = 0, .value = {.down = at::zeros({2, 64}), .up = {}}}}),
               "change of value in text block 0: down is [2, 64] and up not there; give [r, 64] and [64, r]");
  EXPECT_ERROR(encode({{.block = 0, .mlp_norm = {at::zeros({64}), at::zeros({2})}}}),
               "MLP norm of text block 0: weight is [64] and bias [2]; give [64] for both");
  const Branch narrow{.output = [](const Tensor& x, const auto&) { return x.narrow(-1, 0, 2); }};
  EXPECT_ERROR(encode({{.block = 0, .branch = narrow}}),
               "the branch beside a block gives [1, 5, 2]: return [1, 5, 64], as many rows as go in");
}

}  // namespace
}  // namespace promptbed
