#include "sweep/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"
#include "sweep/planned_sweep.h"

namespace promptbed {
namespace {

class PlanSweep : public test::PlannedSweep {};

TEST_F(PlanSweep, CoversTheGridAndZeroShotOnceADataset) {
  EXPECT_EQ(ids(spec()).size(), 2 * (1 + 2 * 3));  // datasets by (zero-shot + shots by seeds), no two alike
}

TEST_F(PlanSweep, RunIdsDoNotDependOnPathsJobsOrThreads) {
  SweepSpec moved = spec();
  std::filesystem::rename(world_ / "data", world_ / "elsewhere");
  moved.data = world_ / "elsewhere";
  moved.cache = world_ / "another/cache";
  moved.jobs = 7;
  moved.threads = 3;
  const auto after = ids(moved);
  std::filesystem::rename(world_ / "elsewhere", world_ / "data");
  EXPECT_EQ(after, ids(spec()));
}

TEST_F(PlanSweep, RunIdsDependOnOptionsRecipeAndViews) {
  SweepSpec base = spec();
  base.methods = {"coop"};
  const auto before = ids(base);
  const auto differs = [&](const SweepSpec& changed) {
    const auto after = ids(changed);
    return std::none_of(after.begin(), after.end(),
                        [&](const std::string& id) { return before.contains(id); });
  };
  SweepSpec changed = base;
  changed.assignments = {"coop.position=front"};
  EXPECT_TRUE(differs(changed));
  changed = base;
  changed.epochs = 3;
  EXPECT_TRUE(differs(changed));
  changed = base;
  changed.learning_rate = 0.1;
  EXPECT_TRUE(differs(changed));
  changed = base;
  changed.views = 0;
  EXPECT_TRUE(differs(changed));
}

TEST_F(PlanSweep, RunIdsDependOnWhatImagesHeld) {
  SweepSpec one = spec();
  one.datasets = "one";
  const auto before = ids(one);
  const std::filesystem::path image = world_ / "data/one/images/a/test0.bmp";
  const auto time = std::filesystem::last_write_time(image);
  const std::string contents = read_file(image);
  write_file(image, test::bmp_picture(1, 2, 3));
  std::filesystem::last_write_time(image, time);
  for (const std::string& id : ids(one)) EXPECT_FALSE(before.contains(id)) << "it is tested on";
  write_file(image, contents);
  EXPECT_EQ(ids(one), before);
}

TEST_F(PlanSweep, RunIdsDependOnTheTokenizer) {
  const auto before = ids(spec());
  write_file(world_ / "model/merges.txt", "#version: 0.2\na b\n! !\nab c</w>\n");
  for (const std::string& id : ids(spec())) EXPECT_FALSE(before.contains(id));
}

TEST_F(PlanSweep, AMissingImageStopsOnlyTheRunsThatNeedIt) {
  std::filesystem::remove(world_ / "data/one/images/a/test0.bmp");
  const Workbench bench(spec());
  const SweepSpec all = spec();
  for (const PlannedRun& run : plan_sweep(all, bench).runs) {
    EXPECT_EQ(run.obstacle.find("a/test0.bmp: cannot be read") != std::string::npos,
              run.dataset->spec.id == "one")
        << run.title() << ": " << run.obstacle;
  }
}

TEST_F(PlanSweep, SpellingOutADefaultIsTheSameRun) {
  SweepSpec spelt = spec();
  spelt.assignments = {"coop.ctx_init=a", "coop.n_ctx=1"};  // the dataset's own words, one token
  EXPECT_EQ(ids(spelt), ids(spec()));
}

TEST_F(PlanSweep, APromptThatIsTooLongStopsOnlyItsOwnRuns) {
  SweepSpec with_long = spec();
  with_long.methods = {"coop", "coop_ctx60"};
  const Workbench bench(with_long);
  for (const PlannedRun& run : plan_sweep(with_long, bench).runs) {
    EXPECT_EQ(run.obstacle.find("the prompt has 64 tokens") != std::string::npos,
              run.method->name() == "coop_ctx60")
        << run.title();
  }
}

TEST_F(PlanSweep, RefusesADatasetOfOneClass) {
  auto split = world_.make_split("one");
  for (auto& [part, images] : split.items()) {
    std::erase_if(images.get_ref<nlohmann::json::array_t&>(),
                  [](const auto& image) { return image[1] != 0; });
  }
  world_.write_split("one", split);
  EXPECT_ERROR(ids(spec()), "one: has one class, and base-new needs two");
}

TEST_F(PlanSweep, RunIdsDependOnTheUsersWords) {
  const auto before = ids(spec());
  const auto differs = [&](const SweepSpec& changed) {
    const auto after = ids(changed);
    return std::ranges::none_of(after, [&](const std::string& id) { return before.contains(id); });
  };
  SweepSpec changed = spec();
  changed.templates = world_ / "templates.json";
  write_file(changed.templates, R"({"one": "an {}.", "two": "an {}."})");
  EXPECT_TRUE(differs(changed));
  changed = spec();
  changed.class_names = world_ / "names.json";
  write_file(changed.class_names, R"({"one": {"a": "b c"}, "two": {"a": "b c"}})");
  EXPECT_TRUE(differs(changed));
}

TEST_F(PlanSweep, WarnsOfEpochsOfFewSteps) {
  const auto warnings = [](const SweepSpec& sweep) { return plan_sweep(sweep, Workbench(sweep)).warnings; };
  SweepSpec sweep = spec();
  sweep.shots = {1};
  // Two base classes of one image each, on both datasets and with every seed: the first is named.
  const std::string line = "fewer than 5 steps in an epoch: coop 1 on one; a smaller --batch-size makes more";
  EXPECT_EQ(warnings(sweep), std::vector{line});
  sweep.shots = {3};
  sweep.batch_size = 1;
  EXPECT_EQ(warnings(sweep), std::vector<std::string>()) << "six steps";
  sweep.batch_size.reset();
  sweep.methods = {"clip_zeroshot"};
  EXPECT_TRUE(warnings(sweep).empty());
}

TEST_F(PlanSweep, WarnsOfTrainingThatIsAllWarmUp) {
  SweepSpec sweep = spec();
  sweep.shots = {3};
  sweep.batch_size = 1;
  sweep.epochs = 1;
  const auto warnings = [&] { return plan_sweep(sweep, Workbench(sweep)).warnings; };
  EXPECT_EQ(warnings(),
            std::vector<std::string>{
                "coop: its only epoch is warm-up, at a learning rate of 1e-05; give --epochs 2 or more"});
  sweep.epochs = 2;
  EXPECT_TRUE(warnings().empty());
}

TEST_F(PlanSweep, WarnsOfRecipesThatASolverHasNoUseFor) {
  SweepSpec sweep = spec();
  sweep.methods = {"linear_probe"};
  const auto warnings = [&] { return plan_sweep(sweep, Workbench(sweep)).warnings; };
  EXPECT_TRUE(warnings().empty());
  sweep.epochs = 2;
  sweep.learning_rate = 0.1;
  EXPECT_EQ(warnings(),
            std::vector<std::string>{"--epochs, --lr: of no use to linear_probe, trained without steps"});
}

TEST_F(PlanSweep, MakesNoLedger) {
  ids(spec());
  EXPECT_FALSE(std::filesystem::exists(world_ / "runs"));
}

TEST_F(PlanSweep, NamesAnAssignmentThatCannotBe) {
  SweepSpec wrong = spec();
  wrong.assignments = {"coop"};
  EXPECT_ERROR(ids(wrong), "--set coop: write METHOD.OPTION=VALUE");
  wrong.assignments = {"coop.n_ctx=-1"};
  EXPECT_ERROR(ids(wrong), "n_ctx: -1 is negative");
}

TEST_F(PlanSweep, SeveralValuesOfAnOptionSpanTheGrid) {
  SweepSpec grid = spec();
  grid.methods = {"coop"};
  grid.assignments = {"coop.n_ctx=1", "coop.csc=false,true", "coop.position=end,front"};
  EXPECT_EQ(ids(grid).size(), 2u * 6 * 4);
  const Workbench bench(grid);
  const Plan plan = plan_sweep(grid, bench);
  EXPECT_EQ(plan.runs.front().title(), "coop csc=false position=end on one, 1 shot, seed 1");
  EXPECT_EQ(plan.runs.front().job.label, "csc=false position=end");
}

TEST_F(PlanSweep, ACommaInAValueIsWrittenWithABackslash) {
  SweepSpec words = spec();
  words.methods = {"coop"};
  words.assignments = {R"(coop.position=start\,end)"};
  EXPECT_ERROR(ids(words), "no class-token position \"start,end\"");
}

TEST_F(PlanSweep, RefusesAValueThatIsThereTwice) {
  SweepSpec twice = spec();
  twice.assignments = {"coop.n_ctx=2,2"};
  EXPECT_ERROR(ids(twice), "--set coop.n_ctx=2,2: 2 is there twice; leave one out");
  twice.assignments = {"coop.n_ctx=2,02"};
  EXPECT_ERROR(ids(twice), "--set coop.n_ctx: 02 is there twice; leave one out");
}

TEST_F(PlanSweep, ValuesThatComeToTheSameMakeOneRun) {
  SweepSpec sweep = spec();
  sweep.methods = {"coop"};
  sweep.shots = {2};
  sweep.seeds = {1};
  sweep.assignments = {"coop.ctx_init=a", "coop.n_ctx=0,1"};
  const Workbench bench(sweep);
  const Plan plan = plan_sweep(sweep, bench);
  EXPECT_EQ(plan.runs.size(), 2U) << "one on each dataset";
  EXPECT_EQ(std::ranges::count_if(plan.warnings,
                                  [](const std::string& warning) {
                                    return warning.find(": several values of --set come to the same run") !=
                                           std::string::npos;
                                  }),
            1);
}

TEST_F(PlanSweep, FewShotTrainsAndTestsAllClasses) {
  SweepSpec few = spec();
  few.protocol = Protocol::few_shot;
  few.assignments = {"coop.n_ctx=1"};
  const Workbench bench(few);
  const Plan plan = plan_sweep(few, bench);
  EXPECT_EQ(plan.runs.size(), 2u * (1 + 2 * 3));
  for (const PlannedRun& run : plan.runs) {
    EXPECT_EQ(run.job.data->class_names.size(), 4u);
    EXPECT_TRUE(run.job.data->new_class_names.empty());
    ASSERT_EQ(run.tests->size(), 1u);
    EXPECT_EQ(run.tests->at(0).title(), "all of " + run.dataset->spec.id);
    EXPECT_EQ(run.job.run.classes, run.method->trainable() ? "all" : "");
  }
}

TEST_F(PlanSweep, CoOpsFewShotRecipeIsThatOfItsPaper) {
  SweepSpec few = spec();
  few.methods = {"coop"};
  few.protocol = Protocol::few_shot;
  few.shots = {1, 2, 4, 8, 16};
  few.seeds = {1};
  few.datasets = "one";
  const Workbench with_16(few);
  for (const PlannedRun& run : plan_sweep(few, with_16).runs)
    EXPECT_NE(run.obstacle.find("with 16 of context and the model takes 6"), std::string::npos);

  few.assignments = {"coop.n_ctx=1"};
  const Workbench with_1(few);
  std::vector<int64_t> epochs;
  for (const PlannedRun& run : plan_sweep(few, with_1).runs) {
    EXPECT_EQ(std::get<std::string>(run.job.run.options.at("ctx_init")), "");
    epochs.push_back(run.job.run.recipe->epochs);
  }
  EXPECT_EQ(epochs, (std::vector<int64_t>{50, 100, 100, 200, 200}));
}

TEST_F(PlanSweep, CrossDatasetTrainsOnTheSourceAloneAndTestsTheOthers) {
  SweepSpec cross = spec();
  cross.protocol = Protocol::cross_dataset;
  cross.shots = {2};
  cross.seeds = {1};
  choose_source(cross, {.source = "two"});
  const Workbench bench(cross);
  const Plan plan = plan_sweep(cross, bench);
  ASSERT_EQ(plan.runs.size(), 3u) << "zero-shot on each dataset, and CoOp on the source";
  for (const PlannedRun& run : plan.runs) {
    if (!run.method->trainable()) {
      EXPECT_EQ(run.tests->size(), 1u);
      continue;
    }
    EXPECT_EQ(run.dataset->spec.id, "two");
    ASSERT_EQ(run.tests->size(), 2u);
    EXPECT_EQ(run.tests->at(0).title(), "all of two");
    EXPECT_EQ(run.tests->at(1).title(), "all of one");
    EXPECT_EQ(run.job.run.recipe->epochs, 200) << "the recipe of base-new";
  }
}

TEST_F(PlanSweep, DomainTestsTheSuiteThatShiftsTheSource) {
  write_file(world_ / "suites/moved/suite.json",
             R"({"id": "moved", "title": "Moved", "datasets": ["two_moved"], "shifts": "two"})");
  auto moved = read_json(world_ / "suites/small/two.json");
  moved["id"] = "two_moved";
  write_file(world_ / "suites/moved/two_moved.json", moved.dump());
  SweepSpec domain = spec();
  domain.protocol = Protocol::domain;
  domain.shots = {2};
  domain.seeds = {1};
  choose_source(domain, {});
  EXPECT_EQ(domain.source, "two");
  const Workbench bench(domain);
  const Plan plan = plan_sweep(domain, bench);
  const auto coop =
      std::ranges::find_if(plan.runs, [](const PlannedRun& run) { return run.method->trainable(); });
  ASSERT_NE(coop, plan.runs.end());
  ASSERT_EQ(coop->tests->size(), 2u);
  EXPECT_EQ(coop->tests->at(1).title(), "all of two_moved");
}

TEST_F(PlanSweep, RefusesASourceThatCannotBe) {
  SweepSpec cross = spec();
  cross.protocol = Protocol::cross_dataset;
  EXPECT_ERROR(choose_source(cross, {.source = "three"}), "suite 'small' has no dataset 'three'");
  EXPECT_ERROR(choose_source(cross, {.source = "one", .targets = "one,two"}),
               "--targets one,two: one is the source and tested anyway; leave it out");
  SweepSpec domain = spec();
  domain.protocol = Protocol::domain;
  EXPECT_ERROR(choose_source(domain, {}), "suite small has no dataset with shifted versions");
}

TEST_F(PlanSweep, AJobHoldsAllThatIsSettled) {
  SweepSpec one = spec();
  one.methods = {"coop"};
  one.datasets = "one";
  one.shots = {2};
  one.seeds = {3};
  const Workbench bench(one);
  const Plan plan = plan_sweep(one, bench);
  ASSERT_EQ(plan.runs.size(), 1u);
  const PlannedRun& run = plan.runs.front();
  EXPECT_EQ(run.job.run.id(), run.id);
  EXPECT_EQ(run.job.title(), "coop on one, 2 shots, seed 3");
  EXPECT_EQ(run.job.data->class_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run.job.data->new_class_names, (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(run.job.data->draw.train.size(), 4u);
  EXPECT_EQ(run.job.tests, run.tests);
  EXPECT_EQ(run.job.tests->at(1),
            (JobTest{"one", run.dataset->split_hash, ClassSet::new_, run.dataset->test_images}));
  EXPECT_FALSE(run.job.kept_state) << "it is to be trained";
}

}  // namespace
}  // namespace promptbed
