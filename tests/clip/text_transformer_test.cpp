#include "clip/towers/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "clip/checkpoints/safetensors.h"
#include "clip/towers/packed_prompts.h"
#include "clip/towers/random_towers.h"
#include "support/expect_error.h"
#include "support/golden_clip.h"
#include "support/plain_text_tower.h"
#include "support/relative_difference.h"
#include "support/word_tokenizer.h"

namespace promptbed {
namespace {

using test::PlainTextTower;
using test::relative_difference;

/// A shape that prompts come in.
struct Shape {
  const char* name;
  int64_t prefix_batch;
  int64_t suffix_batch;  // 0: a suffix without batch dimension
  int64_t prefix_tokens;
  std::vector<int64_t> lengths;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

/// 1 to 6 tokens for each class: 150 classes have 525, more than go through the tower at once.
std::vector<int64_t> many_lengths(int64_t classes) {
  std::vector<int64_t> lengths;
  for (int64_t k = 0; k < classes; ++k) lengths.push_back(1 + k % 6);
  return lengths;
}

PromptBatch random_prompts(const Shape& shape, int64_t width) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const int64_t tokens = std::accumulate(shape.lengths.begin(), shape.lengths.end(), int64_t{0});
  std::vector<int64_t> suffix = {tokens, width};
  if (shape.suffix_batch > 0) suffix.insert(suffix.begin(), shape.suffix_batch);
  return {at::randn({shape.prefix_batch, shape.prefix_tokens, width}, generator),
          at::randn(suffix, generator), shape.lengths};
}

/// Tokens that enter at a block: `classes` is 0 for those of all classes.
BlockTokens random_tokens(int64_t block, int64_t classes, int64_t count, int64_t width,
                          bool inserted = false) {
  std::vector<int64_t> sizes = {count, width};
  if (classes > 0) sizes.insert(sizes.begin(), classes);
  return {block, at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(7 + block)), inserted};
}

class TextTransformerShapes : public ::testing::TestWithParam<Shape> {
 protected:
  const Checkpoint checkpoint_ = random_text_tower();
  const TextTransformer fast_{checkpoint_, {}};
  const PlainTextTower plain_{checkpoint_};
  PromptBatch prompts_ = random_prompts(GetParam(), fast_.width());
};

TEST_P(TextTransformerShapes, GiveTheFeaturesOfThePlainTextTower) {
  const Tensor expected = plain_.encode(prompts_);
  EXPECT_LT(relative_difference(fast_.encode(prompts_), expected), 1e-5);
  const at::NoGradGuard no_grad;
  EXPECT_LT(relative_difference(fast_.encode(prompts_), expected), 1e-5);
}

TEST_P(TextTransformerShapes, GiveTheGradientsOfThePlainTextTower) {
  prompts_.prefix.requires_grad_();
  prompts_.suffix.requires_grad_();
  const auto gradients = [&](const TextTransformer* fast) {
    prompts_.prefix.mutable_grad() = prompts_.suffix.mutable_grad() = Tensor();
    const Tensor features = fast != nullptr ? fast->encode(prompts_) : plain_.encode(prompts_);
    const Tensor direction = at::linspace(-2, 3, features.numel()).sin().view(features.sizes());
    (features * direction).sum().backward();
    return std::pair(prompts_.prefix.grad(), prompts_.suffix.grad());
  };
  const auto expected = gradients(nullptr);
  const auto found = gradients(&fast_);
  EXPECT_LT(relative_difference(found.first, expected.first), 1e-5);
  EXPECT_LT(relative_difference(found.second, expected.second), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Prompts, TextTransformerShapes,
                         ::testing::Values(Shape{"OneContextForAllImages", 1, 0, 5, {3, 7, 4, 7}},
                                           Shape{"ContextOfEachImage", 3, 0, 5, {3, 7, 4, 7}},
                                           Shape{"PrefixOfTheStartAlone", 1, 0, 1, {9, 6, 2}},
                                           Shape{"LearnedSuffix", 1, 1, 1, {9, 6, 8}},
                                           Shape{"LearnedSuffixOfEachImage", 3, 3, 1, {9, 6, 8}},
                                           Shape{"SharedPrefixAndSuffixOfEachImage", 1, 3, 4, {2, 6}},
                                           Shape{"OneClass", 2, 0, 3, {4}},
                                           Shape{"AllNamesOfOneLength", 1, 0, 3, {4, 4}},
                                           Shape{"UpToTheContextLength", 1, 0, 12, {1, 4}},
                                           Shape{"GroupsOfClasses", 1, 0, 3, many_lengths(150)},
                                           Shape{"GroupsOfClassesAndOfImages", 3, 3, 3, many_lengths(150)},
                                           Shape{"MoreRowsThanAreKept", 5, 0, 3, many_lengths(150)}),
                         [](const auto& test) { return std::string(test.param.name); });

/// Deep tokens in a tower of five blocks, whose prompts have at least five tokens between start and end.
struct Depth {
  const char* name;
  std::vector<BlockTokens> (*tokens)(int64_t classes, int64_t width);
};

void PrintTo(const Depth& depth, std::ostream* out) {
  *out << depth.name;
}

class TextTransformerDepths : public ::testing::TestWithParam<std::tuple<Shape, Depth>> {
 protected:
  TextTransformerDepths() {
    const auto& [shape, depth] = GetParam();
    prompts_ = random_prompts(shape, fast_.width());
    prompts_.deep = depth.tokens(static_cast<int64_t>(shape.lengths.size()), fast_.width());
    leaves_ = {prompts_.prefix, prompts_.suffix};
    for (const BlockTokens& deep : prompts_.deep) leaves_.push_back(deep.tokens);
  }

  /// The features, and the gradient of each leaf that is learned.
  template <class Tower>
  std::vector<Tensor> passes(const Tower& tower) {
    for (Tensor& leaf : leaves_) leaf.mutable_grad() = Tensor();
    const Tensor features = tower.encode(prompts_);
    const Tensor direction = at::linspace(-2, 3, features.numel()).sin().view(features.sizes());
    (features * direction).sum().backward();
    std::vector<Tensor> found = {features.detach()};
    for (const Tensor& leaf : leaves_) found.push_back(leaf.grad());
    return found;
  }

  void expect_the_plain_towers_passes() {
    const std::vector<Tensor> expected = passes(plain_), found = passes(fast_);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(found[i].defined(), expected[i].defined()) << i;
      if (!expected[i].defined()) continue;
      EXPECT_LT(relative_difference(found[i], expected[i]), 1e-5) << i;
    }
    const at::NoGradGuard no_gradients;
    EXPECT_LT(relative_difference(fast_.encode(prompts_), expected.front()), 1e-5);
  }

  const Checkpoint checkpoint_ = random_text_tower({.layers = 5});
  const TextTransformer fast_{checkpoint_, {}};
  const PlainTextTower plain_{checkpoint_};
  PromptBatch prompts_;
  std::vector<Tensor> leaves_;
};

TEST_P(TextTransformerDepths, GiveWhatThePlainTextTowerGives) {
  for (Tensor& leaf : leaves_) leaf.requires_grad_();
  expect_the_plain_towers_passes();
}

TEST_P(TextTransformerDepths, LearnTheirTokensAlone) {
  for (size_t i = 2; i < leaves_.size(); ++i) leaves_[i].requires_grad_();
  expect_the_plain_towers_passes();
}

INSTANTIATE_TEST_SUITE_P(Prompts, TextTransformerDepths,
                         ::testing::Combine(::testing::Values(
                                                Shape{"OneContext", 1, 0, 5, {3, 7, 4, 7}},
                                                Shape{"ContextOfEachImage", 3, 0, 5, {3, 7, 4, 7}},
                                                Shape{"StartAlone", 1, 0, 1, {9, 7, 8}},
                                                Shape{"SuffixOfEachImage", 3, 3, 1, {9, 7, 8}},
                                                Shape{"GroupsOfClasses", 1, 0, 5, many_lengths(150)},
                                                Shape{"MoreRowsThanAreKept", 5, 0, 5, many_lengths(150)}),
                                            ::testing::Values(Depth{"InEveryBlock",
                                                                    [](int64_t, int64_t width) {
                                                                      std::vector<BlockTokens> deep;
                                                                      for (int64_t block = 1; block < 5;
                                                                           ++block)
                                                                        deep.push_back(random_tokens(
                                                                            block, 0, 3, width));
                                                                      return deep;
                                                                    }},
                                                              Depth{"OfEachClass",
                                                                    [](int64_t classes, int64_t width) {
                                                                      return std::vector{random_tokens(
                                                                          2, classes, 4, width)};
                                                                    }},
                                                              Depth{"OfEachClassInTheLastBlock",
                                                                    [](int64_t classes, int64_t width) {
                                                                      return std::vector{
                                                                          random_tokens(1, 0, 2, width),
                                                                          random_tokens(4, classes, 3,
                                                                                        width)};
                                                                    }},
                                                              Depth{"InsertedThenReplaced",
                                                                    [](int64_t, int64_t width) {
                                                                      return std::vector{
                                                                          random_tokens(1, 0, 6, width,
                                                                                        /*inserted=*/true),
                                                                          random_tokens(2, 0, 6, width),
                                                                          random_tokens(4, 0, 2, width)};
                                                                    }},
                                                              Depth{"InsertedForEachClass",
                                                                    [](int64_t classes, int64_t width) {
                                                                      return std::vector{
                                                                          random_tokens(1, 0, 1, width, true),
                                                                          random_tokens(3, classes, 2, width,
                                                                                        true)};
                                                                    }})),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + std::get<1>(test.param).name;
                         });

TEST(TextTransformer, KeepsThePrefixSharedUpToTokensOfEachClass) {
  const int64_t width = 32;
  const PromptBatch prompts = random_prompts({"Any", 1, 0, 5, {3, 7, 4, 7}}, width);
  const PackedPrompts group = pack_prompts(prompts).front();
  EXPECT_EQ(group.rows(), 5 + 21);
  EXPECT_EQ(entered(group, random_tokens(1, 0, 4, width)).rows(), 5 + 21);
  EXPECT_EQ(entered(group, random_tokens(1, 0, 4, width, /*inserted=*/true)).rows(), 9 + 21);
  EXPECT_EQ(entered(group, random_tokens(1, 4, 3, width)).rows(), 1 + 4 * 4 + 21);
}

TEST(TextTransformer, RefusesDeepTokensThatDoNotFit) {
  const TextTransformer tower(random_text_tower({.layers = 3}), {});
  const int64_t width = tower.width();
  const auto encode = [&](std::vector<BlockTokens> deep) {
    PromptBatch prompts = random_prompts({"Any", 1, 0, 2, {2, 3}}, width);
    prompts.deep = std::move(deep);
    return tower.encode(prompts);
  };
  EXPECT_ERROR(encode({random_tokens(3, 0, 1, width)}),
               "deep tokens of block 3: give blocks from 1 to 2, in ascending order");
  EXPECT_ERROR(encode({random_tokens(2, 0, 1, width), random_tokens(1, 0, 1, width)}),
               "deep tokens of block 1: give blocks from 1 to 2, in ascending order");
  EXPECT_ERROR(encode({random_tokens(1, 3, 1, width)}),
               fmt::format("deep tokens of block 1 are [3, 1, {0}]; give [n, {0}], or [2, n, {0}]", width));
  EXPECT_ERROR(encode({random_tokens(1, 0, 3, width)}),
               "3 tokens cannot enter block 1: a prompt has 2 between start and end; use fewer");
}

TEST(TextTransformer, GroupsOfABatchGiveWhatTheWholeBatchGives) {
  const TextTransformer tower(random_text_tower(), {});
  // 1000 images with 2 + 10 x 4 rows each are more than the rows that go through at once without gradients.
  const PromptBatch prompts =
      random_prompts({"ManyImages", 1000, 0, 2, std::vector<int64_t>(10, 4)}, tower.width());
  const Tensor whole = tower.encode(prompts);
  const at::NoGradGuard no_grad;
  const Tensor grouped = tower.encode(prompts);
  EXPECT_EQ(grouped.sizes(), at::IntArrayRef({1000, 10, 24}));
  EXPECT_LT(relative_difference(grouped, whole), 1e-5);
}

TEST(TextTransformer, RefusesAPromptThatIsTooLong) {
  const TextTransformer tower(random_text_tower(), {});
  EXPECT_ERROR(tower.encode(random_prompts({"Long", 1, 0, 13, {1, 4}}, tower.width())),
               "a prompt has 17 tokens and the model takes 16; use fewer context tokens or shorter names");
}

/// Types of 16 bits, each with how far it may be from f32.
class TextTransformerIn16Bits : public ::testing::TestWithParam<std::pair<Precision, double>> {};

TEST_P(TextTransformerIn16Bits, StaysNearF32AndReturnsF32) {
  const auto [precision, tolerance] = GetParam();
  const Checkpoint checkpoint = random_text_tower();
  const TextTransformer exact(checkpoint, {}), rough(checkpoint, {torch::kCPU, precision});
  PromptBatch prompts = random_prompts({"Any", 2, 0, 5, {3, 7}}, exact.width());
  prompts.prefix.requires_grad_();
  const Tensor features = rough.encode(prompts);
  EXPECT_EQ(features.scalar_type(), torch::kFloat);
  EXPECT_FALSE(at::equal(features, exact.encode(prompts)));
  EXPECT_LT(relative_difference(features, exact.encode(prompts)), tolerance);
  features.sum().backward();
  const Tensor rough_gradient = prompts.prefix.grad();
  EXPECT_EQ(rough_gradient.scalar_type(), torch::kFloat);
  prompts.prefix.mutable_grad() = Tensor();
  exact.encode(prompts).sum().backward();
  EXPECT_LT(relative_difference(rough_gradient, prompts.prefix.grad()), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Types, TextTransformerIn16Bits,
                         ::testing::Values(std::pair(Precision::bf16, 0.05),
                                           std::pair(Precision::f16, 0.005)),
                         [](const auto& test) { return std::string(to_string(test.param.first)); });

TEST(TextTransformer, EmbedsTokensInF32) {
  Checkpoint checkpoint = random_text_tower();
  Tensor& table = checkpoint.tensors["token_embedding.weight"];
  table = table.to(torch::kHalf);
  const std::vector<int64_t> tokens = {7, 0, 7};
  const Tensor rows = TextTransformer(checkpoint, {}).embed(tokens);
  EXPECT_EQ(rows.scalar_type(), torch::kFloat);
  EXPECT_TRUE(at::equal(rows, at::stack({table[7], table[0], table[7]}).to(torch::kFloat)));
}

TEST(EncodeTexts, PutsStartAndEndAroundEachText) {
  const TextTransformer tower(random_text_tower(), {});
  const std::vector<std::string> texts = {"a photo of a dog.", "dog"};
  const Tensor features = encode_texts(tower, test::WordTokenizer(), texts);
  const std::vector<int64_t> start = {28}, rest = {1, 5, 2, 1, 3, 0, 29, 3, 29};
  const Tensor expected = tower.encode({tower.embed(start).unsqueeze(0), tower.embed(rest), {7, 2}})[0];
  EXPECT_TRUE(at::equal(features, expected));
}

TEST(EncodeTexts, NamesTheTextThatIsTooLong) {
  const TextTransformer tower(random_text_tower({.context_length = 5}), {});
  const std::vector<std::string> texts = {"a dog.", "a big dog."};
  EXPECT_ERROR(encode_texts(tower, test::WordTokenizer(), texts),
               "\"a big dog.\" has 6 tokens and the model takes 5; shorten it");
}

TEST(GoldenTextTransformer, GivesTheReferencesTextFeatures) {
  const auto io = read_safetensors(test::golden_folder() / "clip_vit/io.safetensors").tensors;
  const Tensor tokens = io.at("tokens").to(torch::kLong);
  const TextEncoder& tower = *test::GoldenClip::instance().text_encoder;
  PromptBatch prompts;
  std::vector<int64_t> start = {tokens[0][0].item<int64_t>()}, rest;
  for (const Tensor& row : tokens.unbind()) {
    const int64_t length = row.argmax().item<int64_t>();  // EOS has the highest id
    for (int64_t i = 1; i <= length; ++i) rest.push_back(row[i].item<int64_t>());
    prompts.suffix_lengths.push_back(length);
  }
  prompts.prefix = tower.embed(start).unsqueeze(0);
  prompts.suffix = tower.embed(rest);
  EXPECT_LT(relative_difference(tower.encode(prompts)[0], io.at("text_features")), 1e-5);
}

}  // namespace
}  // namespace promptbed
