#include "sweep/slurm/task_plan.h"

#include <gtest/gtest.h>

#include "results/sample_runs.h"

namespace promptbed {
namespace {

/// Of `images` shown images, without training of none.
Job job_of(int64_t seed, int64_t images) {
  Job job;
  job.run = images > 0 ? test::sample_spec("brands", seed) : test::zero_shot_spec();
  if (images == 0) return job;
  job.run.recipe->epochs = images;
  JobData data;
  data.draw.train = {{"one.png", 0, "one"}};
  job.data = std::move(data);
  return job;
}

/// The seeds of each task.
std::vector<std::vector<int64_t>> seeds(const std::vector<std::vector<const Job*>>& tasks) {
  std::vector<std::vector<int64_t>> all;
  for (const auto& task : tasks) {
    all.emplace_back();
    for (const Job* job : task) all.back().push_back(job->run.seed);
  }
  return all;
}

using Seeds = std::vector<std::vector<int64_t>>;

class TaskPlan : public testing::Test {
 protected:
  /// Seeds 1 to 4, and zero-shot as 0.
  Seeds plan(const TaskLimits& limits) const {
    std::vector<const Job*> jobs;
    for (const Job& job : jobs_) jobs.push_back(&job);
    return seeds(plan_tasks(jobs, limits));
  }

  std::vector<Job> jobs_ = {job_of(0, 0), job_of(1, 10), job_of(2, 40), job_of(3, 20), job_of(4, 20)};
};

TEST_F(TaskPlan, DividesByImagesWhereNothingIsKnown) {
  EXPECT_EQ(plan({.tasks = 2}), (Seeds{{2, 1}, {3, 4, 0}}));
  EXPECT_EQ(plan({.tasks = 2, .minutes = 1}), (Seeds{{2, 1}, {3, 4, 0}})) << "minutes of what?";
  EXPECT_EQ(plan({.tasks = 9}).size(), 5U) << "no more than there are jobs";
  EXPECT_TRUE(plan_tasks({}, {.tasks = 2}).empty());
}

TEST_F(TaskPlan, DividesByWhatFinishedRunsTook) {
  const auto seconds = [](const RunSpec& run) -> std::optional<double> {
    return run.seed == 1 ? std::optional(100.0) : std::nullopt;  // the others by their images
  };
  jobs_.erase(jobs_.begin());
  EXPECT_EQ(plan({.tasks = 2, .seconds_of = seconds}), (Seeds{{2, 1}, {3, 4}}));
  const auto slow_first = [](const RunSpec& run) { return std::optional(run.seed == 1 ? 100.0 : 30.0); };
  EXPECT_EQ(plan({.tasks = 2, .seconds_of = slow_first}), (Seeds{{1}, {2, 3, 4}}));
}

TEST_F(TaskPlan, JobsWithoutTrainingTellNothingOfTheOthers) {
  const auto zero_shot = [](const RunSpec& run) { return run.recipe ? std::nullopt : std::optional(600.0); };
  EXPECT_EQ(plan({.tasks = 2, .seconds_of = zero_shot}), (Seeds{{2, 1}, {3, 4, 0}}));
  jobs_[2].kept_state = "trained already";
  const auto hour = [](const RunSpec& run) { return std::optional(run.seed == 2 ? 3600.0 : 60.0); };
  EXPECT_EQ(plan({.tasks = 9, .minutes = 10, .seconds_of = hour}).size(), 1U) << "what is left is a test";
}

TEST_F(TaskPlan, WithoutExperienceMinutesDoNotMakeATaskOfEachJob) {
  jobs_.resize(40, job_of(5, 10));
  EXPECT_EQ(plan({.tasks = 1000, .minutes = 1}).size(), 16U);
}

TEST_F(TaskPlan, HasTasksLastAsLongAsIsAskedFor) {
  const auto minute = [](const RunSpec&) { return std::optional(60.0); };
  EXPECT_EQ(plan({.tasks = 9, .minutes = 2, .seconds_of = minute}).size(), 3U);
  EXPECT_EQ(plan({.tasks = 2, .minutes = 2, .seconds_of = minute}).size(), 2U) << "there may be no more";
  EXPECT_EQ(plan({.tasks = 9, .minutes = 60, .seconds_of = minute}).size(), 1U);
}

}  // namespace
}  // namespace promptbed
