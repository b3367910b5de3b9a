#include "prompts/nearest_tokens.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace promptbed {
namespace {

TEST(NearestTokens, AreThoseOfTheLeastDistanceInOrder) {
  const Tensor embedding = at::tensor({0.f, 0.f, 3.f, 4.f, 0.f, 2.f, 10.f, 10.f}).view({4, 2});
  const auto nearest = nearest_tokens(at::tensor({0.f, 0.f, 3.f, 5.f}).view({2, 2}), embedding, 3);
  ASSERT_EQ(nearest.size(), 2U);
  ASSERT_EQ(nearest[0].size(), 3U);
  EXPECT_EQ(nearest[0][0].token, 0);
  EXPECT_EQ(nearest[0][0].distance, 0);
  EXPECT_EQ(nearest[0][1].token, 2);
  EXPECT_EQ(nearest[0][2].token, 1);
  EXPECT_FLOAT_EQ(static_cast<float>(nearest[0][2].distance), 5);
  EXPECT_EQ(nearest[1][0].token, 1);
  EXPECT_FLOAT_EQ(static_cast<float>(nearest[1][0].distance), 1);
}

TEST(NearestTokens, FindEachTokensOwnEmbeddingOfMany) {
  const Tensor embedding = at::randn({500, 16}, at::make_generator<at::CPUGeneratorImpl>(1));
  const auto nearest = nearest_tokens(embedding.narrow(0, 100, 150) + 1e-4, embedding.to(torch::kHalf), 1);
  for (size_t i = 0; i < nearest.size(); ++i)
    EXPECT_EQ(nearest[i].at(0).token, 100 + static_cast<int64_t>(i));
}

TEST(NearestTokens, AreAllOfASmallVocabulary) {
  EXPECT_EQ(nearest_tokens(at::zeros({1, 2}), at::zeros({3, 2}), 5).at(0).size(), 3U);
}

}  // namespace
}  // namespace promptbed
