#include "clip/towers/vision_transformer.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "support/expect_error.h"
#include "support/plain_image_tower.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

using test::plain_image_features;
using test::relative_difference;

class ImageTower : public ::testing::Test {
 protected:
  Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_); }

  /// The same features, and gradients of all tokens, as from a plain tower that has tokens after the patches.
  void expect_the_plain_towers_passes(const ImagePrompts& prompts) {
    std::vector<Tensor> leaves;
    if (prompts.tokens.defined()) leaves.push_back(prompts.tokens);
    for (const BlockTokens& deep : prompts.deep) leaves.push_back(deep.tokens);
    for (Tensor& leaf : leaves) leaf.requires_grad_();
    const Tensor found = tower_.encode(pixels_, prompts),
                 expected = plain_image_features(weights_, pixels_, prompts);
    EXPECT_LT(relative_difference(found, expected), 1e-5);
    const Tensor direction = at::linspace(-2, 3, found.numel()).sin().view(found.sizes());
    const auto gradients = [&](const Tensor& features) {
      return torch::autograd::grad({(features * direction).sum()}, leaves);
    };
    const auto ours = gradients(found), theirs = gradients(expected);
    for (size_t i = 0; i < leaves.size(); ++i) EXPECT_LT(relative_difference(ours[i], theirs[i]), 1e-5) << i;
  }

  const at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(5);
  const Checkpoint weights_ = random_image_tower({.layers = 4});
  const VisionTransformer tower_{weights_, {}};
  const Tensor pixels_ = random({3, 3, tower_.resolution(), tower_.resolution()});
};

TEST_F(ImageTower, TakesTokensAtItsInput) {
  expect_the_plain_towers_passes({.tokens = random({5, tower_.width()})});
}

TEST_F(ImageTower, ReplacesTokensWhereBlocksBegin) {
  ImagePrompts prompts{.tokens = random({2, tower_.width()})};
  for (const int64_t block : {1, 3}) prompts.deep.push_back({block, random({2, tower_.width()})});
  expect_the_plain_towers_passes(prompts);
}

TEST_F(ImageTower, TakesTokensBetweenBlocks) {
  expect_the_plain_towers_passes(
      {.deep = {{1, random({3, tower_.width()}), /*inserted=*/true}, {2, random({3, tower_.width()})}}});
}

TEST_F(ImageTower, GoesBlockByBlock) {
  const Tensor whole = tower_.encode(pixels_);
  const Tensor x = tower_.run(tower_.run(tower_.embed(pixels_), 0, 1), 1, tower_.blocks());
  EXPECT_EQ(x.sizes(), at::IntArrayRef({3, 17, tower_.width()}));
  EXPECT_LT(relative_difference(tower_.project(tower_.normed(x.select(1, 0))), whole), 1e-5);
  EXPECT_LT(
      relative_difference(tower_.run(tower_.embed(pixels_), 0, tower_.blocks(), {}, 2), x.narrow(1, 0, 2)),
      1e-5);
  EXPECT_TRUE(at::equal(tower_.run(x, 2, 2, {}, 4), x.narrow(1, 0, 4)));
  EXPECT_ERROR(tower_.run(x, 1, 2, {}, 18), "18 rows of an image: it has 1 to 17");
  EXPECT_ERROR(tower_.run(x, 1, 5), "image blocks 1 to 4: the tower has 0 to 3");
}

TEST_F(ImageTower, RefusesTokensThatDoNotFit) {
  const auto tokens = [&](int64_t count) { return random({count, tower_.width()}); };
  EXPECT_ERROR(tower_.encode(pixels_, {.tokens = random({2, 7})}), "image tokens are [2, 7]; give [n, 64]");
  EXPECT_ERROR(tower_.encode(pixels_, {.deep = {{4, tokens(1)}}}),
               "image tokens of block 4: give blocks from 1 to 3, in ascending order");
  EXPECT_ERROR(tower_.encode(pixels_, {.deep = {{2, tokens(1)}, {1, tokens(1)}}}),
               "image tokens of block 1: give blocks from 1 to 3, in ascending order");
  EXPECT_ERROR(tower_.encode(pixels_, {.deep = {{1, random({1, 2, 64})}}}),
               "image tokens of block 1 are [1, 2, 64]; give [n, 64]");
  EXPECT_ERROR(tower_.encode(pixels_, {.deep = {{1, tokens(17)}}}),
               "17 tokens cannot enter block 1: a sequence has 16 behind the first; use fewer");
}

TEST_F(ImageTower, IsPreparedWhenItIsFirstUsed) {
  const LateImageEncoder late(weights_, {});
  EXPECT_EQ(late.width(), tower_.width());
  EXPECT_EQ(late.blocks(), 4);
  EXPECT_EQ(late.resolution(), tower_.resolution());
  EXPECT_EQ(late.embedding_width(), tower_.embedding_width());
  EXPECT_TRUE(at::equal(late.encode(pixels_), tower_.encode(pixels_)));
}

}  // namespace
}  // namespace promptbed
