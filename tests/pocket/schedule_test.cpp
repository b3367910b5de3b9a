#include "schedule.h"

#include <gtest/gtest.h>

namespace promptbed::pocket {
namespace {

/// A hundred steps of ten pairs, ten a pass.
PretrainingRecipe recipe_of(double passes) {
  PretrainingRecipe recipe;
  recipe.batch = 10;
  recipe.passes = passes;
  recipe.learning_rate = 2;
  recipe.warm_up = 4;
  recipe.decay = 0.2;
  recipe.last_full_steps = 0.1;
  return recipe;
}

constexpr int64_t kPairs = 109;

TEST(Schedule, WarmsUpStaysAndDecaysToNothing) {
  const Schedule schedule(recipe_of(10), kPairs);
  EXPECT_EQ(schedule.steps(), 100);
  EXPECT_EQ(schedule.decay_begin(), 80);
  EXPECT_EQ(schedule.learning_rate(0), 0.5);
  EXPECT_EQ(schedule.learning_rate(3), 2);
  EXPECT_EQ(schedule.learning_rate(80), 2);
  EXPECT_EQ(schedule.learning_rate(85), 1) << "a quarter of the decay is done";
  EXPECT_EQ(schedule.learning_rate(100), 0);
}

TEST(Schedule, SaysTheSameOfStepsBeforeTheDecayForAnyPasses) {
  const Schedule shorter(recipe_of(10), kPairs), longer(recipe_of(50), kPairs);
  for (int64_t step = 0; step < shorter.decay_begin(); ++step) {
    EXPECT_EQ(shorter.learning_rate(step), longer.learning_rate(step));
    EXPECT_EQ(shorter.sees_all_patches(step), longer.sees_all_patches(step));
  }
}

TEST(Schedule, SeesAllPatchesAtTheEndOfTheDecay) {
  const Schedule schedule(recipe_of(10), kPairs);
  EXPECT_FALSE(schedule.sees_all_patches(89));
  EXPECT_TRUE(schedule.sees_all_patches(90));
  PretrainingRecipe recipe = recipe_of(10);
  recipe.last_full_steps = 0.5;
  EXPECT_FALSE(Schedule(recipe, kPairs).sees_all_patches(79)) << "the decay has not begun";
}

TEST(Schedule, TakesPartsOfAPass) {
  EXPECT_EQ(Schedule(recipe_of(0.3), kPairs).steps(), 3);
  EXPECT_EQ(Schedule(recipe_of(0.01), kPairs).steps(), 1);
}

TEST(Schedule, MeasuresTwiceAPassAndAtTheEnd) {
  const Schedule schedule(recipe_of(1.2), kPairs);
  for (int64_t steps = 1; steps <= 12; ++steps)
    EXPECT_EQ(schedule.is_measured(steps), steps == 5 || steps == 10 || steps == 12) << steps;
}

TEST(Schedule, MeasuresAtTheEndOfPassesThatHaveAnOddNumberOfSteps) {
  const Schedule schedule(recipe_of(2), 119);
  for (int64_t steps = 1; steps <= 22; ++steps)
    EXPECT_EQ(schedule.is_measured(steps), steps % 11 == 5 || steps % 11 == 0) << steps;
}

TEST(Schedule, KnowsThePassesThatDecayFromAStepOn) {
  const Schedule schedule(recipe_of(1), kPairs);
  EXPECT_EQ(schedule.passes_to_decay_from(80), 10);
  EXPECT_GE(Schedule(recipe_of(schedule.passes_to_decay_from(77)), kPairs).decay_begin(), 77);
}

}  // namespace
}  // namespace promptbed::pocket
