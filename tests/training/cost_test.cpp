#include "training/cost.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "training/mean_learner.h"

namespace promptbed {
namespace {

using test::MeanLearner;

constexpr int64_t kWidth = 3;

Task made_task() {
  Task task;
  task.train = {at::randn({5, 1, kWidth}), at::arange(5, torch::kLong)};
  return task;
}

Recipe steps_of(int64_t images) {
  Recipe recipe;
  recipe.batch_size = images;
  return recipe;
}

/// Is solved at once.
class SolvedLearner final : public MeanLearner {
 public:
  using MeanLearner::MeanLearner;
  bool fit(const FeatureSet&, const FeatureSet&) override { return true; }
};

/// Has nothing to train.
class UntrainedLearner final : public MeanLearner {
 public:
  using MeanLearner::MeanLearner;
  NamedTensors trainable() override { return {}; }
};

/// Keeps the names of its classes with what it learns.
class NamingLearner : public MeanLearner {
 public:
  using MeanLearner::MeanLearner;
  NamedTensors state() override {
    NamedTensors state = MeanLearner::trainable();
    state.emplace_back("names", at::zeros({20}, at::kByte));
    return state;
  }
};

class NamingSolver final : public NamingLearner {
 public:
  using NamingLearner::NamingLearner;
  bool fit(const FeatureSet&, const FeatureSet&) override { return true; }
  NamedTensors trainable() override { return {}; }
};

TEST(Cost, WhatAMethodKeepsBesideIsNotLearned) {
  NamingLearner learner(kWidth);
  EXPECT_EQ(measure_cost(learner, made_task(), steps_of(2), 1e-9).parameters, kWidth);
  NamingSolver solver(kWidth);
  EXPECT_EQ(measure_cost(solver, made_task(), steps_of(2), 1e-9).parameters, kWidth);
}

TEST(Cost, StepsGoRoundThroughTheTrainingImages) {
  MeanLearner learner(kWidth);
  const Cost cost = measure_cost(learner, made_task(), steps_of(2), 1e-9);
  ASSERT_EQ(learner.batches().size(), 5U) << "three at least, and two before them";
  EXPECT_TRUE(at::equal(learner.batches()[2].labels, torch::tensor({4, 0}, torch::kLong)));
  EXPECT_EQ(cost.parameters, kWidth);
  EXPECT_EQ(cost.batch_size, 2);
  EXPECT_GT(*cost.step_seconds, 0);
  EXPECT_DOUBLE_EQ(*cost.train_images_per_second, 2 / *cost.step_seconds);
  EXPECT_GT(cost.test_images_per_second, 0);
}

TEST(Cost, TimeIsFilledWithSteps) {
  MeanLearner learner(kWidth);
  measure_cost(learner, made_task(), steps_of(1), 0.05);
  EXPECT_GT(learner.batches().size(), 10U);
}

TEST(Cost, AnOwnSolverHasNoSteps) {
  SolvedLearner learner(kWidth);
  const Cost cost = measure_cost(learner, made_task(), steps_of(2), 1e-9);
  EXPECT_TRUE(learner.batches().empty());
  EXPECT_FALSE(cost.step_seconds);
  EXPECT_GT(*cost.train_images_per_second, 0);
}

TEST(Cost, AMethodWithoutTrainingHasTestsAlone) {
  UntrainedLearner learner(kWidth);
  const Cost cost = measure_cost(learner, made_task(), steps_of(2), 1e-9);
  EXPECT_TRUE(learner.batches().empty());
  EXPECT_FALSE(cost.step_seconds);
  EXPECT_FALSE(cost.train_images_per_second);
  EXPECT_GT(cost.test_images_per_second, 0);
}

}  // namespace
}  // namespace promptbed
