#include "contrastive_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace promptbed::pocket {
namespace {

Tensor matrix(std::initializer_list<float> values) {
  return torch::tensor(std::vector<float>(values)).view({-1, 2});
}

TEST(ContrastiveLoss, IsTheMeanOfBothCrossEntropies) {
  const Tensor images = matrix({1, 0, 0, 2}), texts = matrix({3, 0, 3, 4});
  const Tensor log_scale = torch::tensor(std::log(2.0f));
  // Cosines: picture 0 with the captions 1 and 0.6, picture 1 with them 0 and 0.8; twice these are the
  // logits.
  const auto entropy = [](double own, double other) { return std::log(1 + std::exp(other - own)); };
  const double of_pictures = (entropy(2, 1.2) + entropy(1.6, 0)) / 2;
  const double of_captions = (entropy(2, 0) + entropy(1.6, 1.2)) / 2;
  const auto found = contrastive_loss(images, texts, log_scale, std::vector<int64_t>{0, 1});
  EXPECT_NEAR(found.loss.item<double>(), (of_pictures + of_captions) / 2, 1e-6);
  EXPECT_EQ(found.accuracy, 1);
}

TEST(ContrastiveLoss, DoesNotTakePairsOfTheSameNameForNegatives) {
  const Tensor images = matrix({1, 0, 1, 0, 0, 1}), texts = matrix({1, 0, 1, 0, 1, 1});
  const Tensor log_scale = torch::tensor(0.0f);
  const double with_a_twin =
      contrastive_loss(images, texts, log_scale, std::vector<int64_t>{7, 7, 8}).loss.item<double>();
  const double cosine = std::sqrt(0.5);
  const auto entropy = [](double own, double other) { return std::log(1 + std::exp(other - own)); };
  const double of_pictures = (2 * entropy(1, cosine) + std::log(std::exp(cosine) + 2) - cosine) / 3;
  const double of_captions =
      (2 * entropy(1, 0) + std::log(std::exp(cosine) + 2 * std::exp(cosine)) - cosine) / 3;
  EXPECT_NEAR(with_a_twin, (of_pictures + of_captions) / 2, 1e-6);
}

TEST(ContrastiveLoss, CountsPicturesNearestToTheirOwnCaption) {
  const Tensor features = matrix({1, 0, 0, 1});
  const auto crossed =
      contrastive_loss(features, features.flip(0), torch::tensor(0.0f), std::vector<int64_t>{0, 1});
  EXPECT_EQ(crossed.accuracy, 0);
}

}  // namespace
}  // namespace promptbed::pocket
