#include "sweep/time_estimate.h"

#include <gtest/gtest.h>

#include "results/sample_runs.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// A run as sweeps plan it now: each seed draws images of its own.
RunSpec run_of(const std::string& dataset, int64_t seed) {
  RunSpec spec = test::sample_spec(dataset, seed);
  spec.images = {{"test", "images of " + dataset}, {"train", "drawn by " + std::to_string(seed)}};
  return spec;
}

class ExperienceTest : public testing::Test {
 protected:
  void record(const RunSpec& spec, double seconds) {
    RunOutcome outcome = test::sample_outcome(spec.dataset, 80, 40);
    outcome.execution.seconds = {{"training", seconds - 1}, {"evaluation", 1}};
    ledger_.claim(spec);
    test::finish(ledger_, spec.id(), outcome);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(ExperienceTest, IsThatOfTheOtherSeedsOfADataset) {
  record(run_of("brands", 1), 10);
  record(run_of("brands", 2), 20);
  record(run_of("office", 1), 60);
  const auto duration = Experience(ledger_).of(run_of("brands", 3));
  ASSERT_TRUE(duration);
  EXPECT_DOUBLE_EQ(duration->seconds, 15);
  EXPECT_DOUBLE_EQ(duration->core_seconds, 30) << "with two threads";
}

TEST_F(ExperienceTest, IsThatOfOtherDatasetsWhereADatasetIsNew) {
  record(run_of("brands", 1), 10);
  record(run_of("office", 1), 60);
  const auto duration = Experience(ledger_).of(run_of("media", 1));
  ASSERT_TRUE(duration);
  EXPECT_DOUBLE_EQ(duration->seconds, 35);
}

TEST_F(ExperienceTest, IsNoneOfOtherMethodsShotsAndRecipes) {
  record(run_of("brands", 1), 10);
  RunSpec method = run_of("brands", 2), shots = method, recipe = method;
  method.method = "cocoop";
  shots.shots = 4;
  recipe.recipe->epochs = 7;
  for (const RunSpec& spec : {method, shots, recipe}) EXPECT_FALSE(Experience(ledger_).of(spec));
}

}  // namespace
}  // namespace promptbed
