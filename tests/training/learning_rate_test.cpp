#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "methods/golden_method.h"
#include "support/golden.h"
#include "training/optimiser.h"
#include "training/schedule.h"

namespace promptbed {
namespace {

std::vector<double> first(LearningRates rates, int64_t count) {
  std::vector<double> all;
  for (int64_t epoch = 0; epoch < count; ++epoch) all.push_back(rates.at(epoch));
  return all;
}

TEST(GoldenLearningRates, AreBitEqualForEverySchedule) {
  const auto schedules = read_json(test::golden_folder() / "schedule" / "lr_per_epoch.json");
  ASSERT_FALSE(schedules.empty());
  for (const auto& [epochs, expected] : schedules.items()) {
    const int64_t count = std::stoll(epochs);
    EXPECT_EQ(first({count, 0.002, 1, 1e-5}, count), expected.get<std::vector<double>>()) << epochs;
  }
}

TEST(GoldenLearningRates, FallStepByStepToTheEndRateOfABudgetOfSteps) {
  const test::GoldenMethod golden("clip_lora");
  const Recipe recipe = golden.recipe();
  const int64_t steps_per_epoch = golden.json().at("steps_per_epoch");
  const Tensor expected = golden.at("lr");
  ASSERT_EQ(expected.size(0), recipe.iterations);
  Optimiser optimiser({}, recipe, steps_per_epoch);
  for (int64_t step = 0; step < recipe.iterations; ++step) {
    optimiser.start_epoch(step / steps_per_epoch);
    optimiser.start_step(step % steps_per_epoch);
    EXPECT_EQ(static_cast<float>(optimiser.learning_rate()), expected[step].item<float>()) << step;
  }
}

TEST(LearningRates, EndWhereTheyAreToldTo) {
  const std::vector<double> rates = first({4, 0.5, 0, 0, 0.1}, 4);
  // 0.1 + 0.4 (1 + cos(pi t / 4)) / 2
  const std::vector<double> expected = {0.5, 0.4414213562, 0.3, 0.1585786438};
  ASSERT_EQ(rates.size(), expected.size());
  for (size_t t = 0; t < rates.size(); ++t) EXPECT_NEAR(rates[t], expected[t], 1e-9);
}

TEST(Schedule, ABudgetOfStepsStartsAsManyEpochsAsItTakes) {
  Recipe recipe;
  recipe.epochs = 3;
  EXPECT_EQ(epochs_of(recipe, 4), 3);
  EXPECT_EQ(steps_of(recipe, 4), 12);
  recipe.iterations = 8;
  EXPECT_EQ(epochs_of(recipe, 4), 2);
  EXPECT_EQ(epochs_of(recipe, 7), 2) << "the second with one step";
  EXPECT_EQ(epochs_of(recipe, 100), 1);
  EXPECT_EQ(steps_of(recipe, 7), 8);
}

TEST(LearningRates, StayAtTheWarmUpRateForAsManyEpochs) {
  EXPECT_EQ(first({3, 0.1, 2, 0.5}, 3), (std::vector<double>{0.5, 0.5, 0.1}));
}

TEST(LearningRates, AreMadeAsFarAsTheyAreAskedFor) {
  LearningRates rates(1'000'000'000, 0.1, 0, 0);
  const double later = rates.at(100'000);
  EXPECT_LT(later, rates.at(0));
  EXPECT_EQ(rates.at(100'000), later);
}

}  // namespace
}  // namespace promptbed
