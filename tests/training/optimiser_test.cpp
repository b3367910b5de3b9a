#include "training/optimiser.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

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

TEST(Optimiser, MovesWithMomentumAndDecay) {
  const Tensor p = scalar(2);
  Optimiser optimiser({{"p", p}}, recipe_of({{"", 0.1, 0.9, 0.25}}));
  optimiser.start_epoch(1);
  give_gradient(p, 3);
  optimiser.step();
  // g = 3 + 0.25 x 2 = 3.5; m = 3.5; p = 2 - 0.1 x 3.5
  EXPECT_DOUBLE_EQ(p.item<double>(), 1.65);
  give_gradient(p, -1);
  optimiser.step();
  // g = -1 + 0.25 x 1.65 = -0.5875; m = 0.9 x 3.5 - 0.5875 = 2.5625; p = 1.65 - 0.1 x 2.5625
  EXPECT_DOUBLE_EQ(p.item<double>(), 1.39375);
}

TEST(Optimiser, AdamWDecaysAsideFromTheGradient) {
  const Tensor p = scalar(2);
  Recipe recipe = recipe_of({{"", 0.1, 0, 0.5}});
  recipe.optimiser = OptimiserKind::adamw;
  recipe.epsilon = 1;
  Optimiser optimiser({{"p", p}}, recipe);
  optimiser.start_epoch(1);
  give_gradient(p, 3);
  optimiser.step();
  // p = 2 - 0.1 x 0.5 x 2 = 1.9; m / 0.1 = 3, v / 0.001 = 9; p = 1.9 - 0.1 x 3 / (3 + 1)
  EXPECT_NEAR(p.item<double>(), 1.825, 1e-12);
  give_gradient(p, -1);
  optimiser.step();
  // p = 0.95 x 1.825 = 1.73375; m = 0.9 x 0.3 - 0.1 = 0.17, / 0.19; v = 0.999 x 0.009 + 0.001, / 0.001999
  EXPECT_NEAR(p.item<double>(), 1.73375 - 0.1 * (0.17 / 0.19) / (std::sqrt(0.009991 / 0.001999) + 1), 1e-12);
}

TEST(Optimiser, AdamDecaysInTheGradient) {
  const Tensor p = scalar(2);
  Recipe recipe = recipe_of({{"", 0.1, 0, 0.5}});
  recipe.optimiser = OptimiserKind::adam;
  recipe.epsilon = 1;
  Optimiser optimiser({{"p", p}}, recipe);
  optimiser.start_epoch(1);
  give_gradient(p, 3);
  optimiser.step();
  // g = 3 + 0.5 x 2 = 4; m / 0.1 = 4, v / 0.001 = 16; p = 2 - 0.1 x 4 / (4 + 1)
  EXPECT_NEAR(p.item<double>(), 1.92, 1e-12);
  give_gradient(p, -1);
  optimiser.step();
  // g = -1 + 0.5 x 1.92 = -0.04; m = 0.9 x 0.4 - 0.004 = 0.356, / 0.19;
  // v = 0.999 x 0.016 + 0.001 x 0.0016 = 0.0159856, / 0.001999
  EXPECT_NEAR(p.item<double>(), 1.92 - 0.1 * (0.356 / 0.19) / (std::sqrt(0.0159856 / 0.001999) + 1), 1e-12);
}

TEST(Optimiser, TakesTheRateOfTheEpoch) {
  const Tensor p = scalar(1);
  Optimiser optimiser({{"p", p}}, recipe_of({{"", 0.1, 0, 0}}));
  optimiser.start_epoch(0);
  EXPECT_EQ(optimiser.learning_rate(), 0.5);
  give_gradient(p, 1);
  optimiser.step();
  EXPECT_DOUBLE_EQ(p.item<double>(), 0.5);
  optimiser.start_epoch(1);
  EXPECT_EQ(optimiser.learning_rate(), 0.1);
  optimiser.step();
  EXPECT_DOUBLE_EQ(p.item<double>(), 0.4);
}

TEST(Optimiser, TakesTheRateOfTheStepWhereThePaceIsBySteps) {
  const Tensor p = scalar(1);
  Recipe recipe = recipe_of({{"", 0.1, 0, 0}});
  recipe.warmup_epochs = 0;
  recipe.pace = RatePace::step;
  Optimiser optimiser({{"p", p}}, recipe, /*steps_per_epoch=*/2);
  // 0.1 (1 + cos(pi t / 4)) / 2 over the four steps of two epochs
  const std::vector<double> expected = {0.1, 0.0853553391, 0.05, 0.0146446609};
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    optimiser.start_epoch(epoch);
    for (int64_t step = 0; step < 2; ++step) {
      optimiser.start_step(step);
      EXPECT_NEAR(optimiser.learning_rate(), expected[2 * epoch + step], 1e-9);
    }
  }
  give_gradient(p, 1);
  optimiser.step();
  EXPECT_NEAR(p.item<double>(), 1 - expected[3], 1e-9);
}

TEST(Optimiser, PutsATensorIntoTheFirstGroupThatMatches) {
  const Tensor context = scalar(1), weight = scalar(1);
  Optimiser optimiser({{"ctx", context}, {"net.weight", weight}},
                      recipe_of({{"net.", 0.1, 0, 0}, {"", 0.01, 0, 0}}));
  optimiser.start_epoch(1);
  give_gradient(context, 1);
  give_gradient(weight, 1);
  optimiser.step();
  EXPECT_DOUBLE_EQ(context.item<double>(), 0.99);
  EXPECT_DOUBLE_EQ(weight.item<double>(), 0.9);
}

TEST(Optimiser, RefusesATensorOfNoGroup) {
  EXPECT_ERROR(Optimiser({{"ctx", scalar(1)}}, recipe_of({{"net.", 0.1, 0, 0}})),
               "tensor ctx is in no optimiser group; add one with the prefix \"\" to the recipe");
}

TEST(Optimiser, LeavesATensorWithoutGradientAlone) {
  const Tensor p = scalar(1);
  Optimiser optimiser({{"p", p}}, recipe_of({{"", 0.1, 0.9, 0.5}}));
  optimiser.start_epoch(0);
  optimiser.step();
  EXPECT_EQ(p.item<double>(), 1);
}

}  // namespace
}  // namespace promptbed
