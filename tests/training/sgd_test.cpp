#include "training/sgd.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace promptbed {
namespace {

/// A learnable scalar.
Tensor scalar(double value) {
  return at::full({1}, value, torch::kDouble).requires_grad_();
}

Recipe recipe_of(std::vector<ParameterGroup> groups) {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.warmup_learning_rate = 0.5;
  recipe.groups = std::move(groups);
  return recipe;
}

void give_gradient(const Tensor& parameter, double gradient) {
  parameter.mutable_grad() = at::full({1}, gradient, torch::kDouble);
}

TEST(Sgd, MovesWithMomentumAndDecay) {
  const Tensor p = scalar(2);
  Sgd sgd({{"p", p}}, recipe_of({{"", 0.1, 0.9, 0.25}}));
  sgd.start_epoch(1);
  give_gradient(p, 3);
  sgd.step();
  // g = 3 + 0.25 x 2 = 3.5; m = 3.5; p = 2 - 0.1 x 3.5
  EXPECT_DOUBLE_EQ(p.item<double>(), 1.65);
  give_gradient(p, -1);
  sgd.step();
  // g = -1 + 0.25 x 1.65 = -0.5875; m = 0.9 x 3.5 - 0.5875 = 2.5625; p = 1.65 - 0.1 x 2.5625
  EXPECT_DOUBLE_EQ(p.item<double>(), 1.39375);
}

TEST(Sgd, TakesTheRateOfTheEpoch) {
  const Tensor p = scalar(1);
  Sgd sgd({{"p", p}}, recipe_of({{"", 0.1, 0, 0}}));
  sgd.start_epoch(0);
  EXPECT_EQ(sgd.learning_rate(), 0.5);
  give_gradient(p, 1);
  sgd.step();
  EXPECT_DOUBLE_EQ(p.item<double>(), 0.5);
  sgd.start_epoch(1);
  EXPECT_EQ(sgd.learning_rate(), 0.1);
  sgd.step();
  EXPECT_DOUBLE_EQ(p.item<double>(), 0.4);
}

TEST(Sgd, PutsATensorIntoTheFirstGroupThatMatches) {
  const Tensor context = scalar(1), weight = scalar(1);
  Sgd sgd({{"ctx", context}, {"net.weight", weight}}, recipe_of({{"net.", 0.1, 0, 0}, {"", 0.01, 0, 0}}));
  sgd.start_epoch(1);
  give_gradient(context, 1);
  give_gradient(weight, 1);
  sgd.step();
  EXPECT_DOUBLE_EQ(context.item<double>(), 0.99);
  EXPECT_DOUBLE_EQ(weight.item<double>(), 0.9);
}

TEST(Sgd, RefusesATensorOfNoGroup) {
  EXPECT_ERROR(Sgd({{"ctx", scalar(1)}}, recipe_of({{"net.", 0.1, 0, 0}})),
               "tensor ctx is in no optimiser group; add one with the prefix \"\" to the recipe");
}

TEST(Sgd, LeavesATensorWithoutGradientAlone) {
  const Tensor p = scalar(1);
  Sgd sgd({{"p", p}}, recipe_of({{"", 0.1, 0.9, 0.5}}));
  sgd.start_epoch(0);
  give_gradient(p, 1);
  sgd.zero_gradients();
  sgd.step();
  EXPECT_EQ(p.item<double>(), 1);
}

}  // namespace
}  // namespace promptbed
