#include "augmentation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace promptbed::pocket {
namespace {

constexpr int64_t kSide = 8;

/// A square of full alpha in the middle: [1, S, S].
Tensor square() {
  Tensor alpha = at::zeros({1, kSide, kSide}, torch::kUInt8);
  alpha.narrow(1, 2, 4).narrow(2, 2, 4).fill_(255);
  return alpha;
}

TEST(Augmentation, PlainDrawingIsBlackOnWhite) {
  const Tensor expected = (1 - square().to(torch::kFloat) / 255).expand({3, kSide, kSide});
  EXPECT_TRUE(at::allclose(plain_rendering(square(), kSide), expected, 0, 1e-6));
}

TEST(Augmentation, ColoursStandOnWhite) {
  Tensor planes = at::zeros({4, kSide, kSide}, torch::kUInt8);
  planes[0].fill_(255);  // red, also where it is transparent
  planes[3].copy_(square()[0]);
  const Tensor picture = plain_rendering(planes, kSide);
  EXPECT_TRUE(at::allclose(picture[0], at::ones({kSide, kSide}), 0, 1e-6));
  EXPECT_TRUE(at::allclose(picture[1], 1 - square()[0].to(torch::kFloat) / 255, 0, 1e-6));
}

TEST(Augmentation, TransparentPixelsDoNotBleedIn) {
  Tensor planes = at::zeros({4, 2, 2}, torch::kUInt8);
  planes[1][0][0] = 255;  // one green pixel of full alpha
  planes[3][0][0] = 255;
  planes[0][1][1] = 255;  // and a red one that is transparent
  const Tensor pixel = plain_rendering(planes, 1);
  EXPECT_NEAR(pixel[0].item<double>(), 0.75, 1e-6);
  EXPECT_NEAR(pixel[1].item<double>(), 1, 1e-6);
}

TEST(Augmentation, StaysWithinZeroAndOneAndShowsTheDrawing) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 50; ++n) {
    const Tensor picture = draw_rendering(square(), kSide, random);
    EXPECT_GE(picture.min().item<double>(), -1e-6);
    EXPECT_LE(picture.max().item<double>(), 1 + 1e-6);
    EXPECT_GT(picture.std().item<double>(), 0.01);
  }
}

TEST(Augmentation, FollowsItsRandomNumbersAlone) {
  std::mt19937_64 one(5), same(5), other(6);
  const Tensor picture = draw_rendering(square(), kSide, one);
  EXPECT_TRUE(at::equal(picture, draw_rendering(square(), kSide, same)));
  EXPECT_FALSE(at::equal(picture, draw_rendering(square(), kSide, other)));
}

}  // namespace
}  // namespace promptbed::pocket
