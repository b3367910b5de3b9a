#include "sweep/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "data/draw_file.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

class PlanSweep : public testing::Test {
 protected:
  /// A sweep over the small world, by coop and zero-shot.
  SweepSpec spec() const {
    SweepSpec spec;
    spec.methods = {"clip_zeroshot", "coop"};
    spec.suite = "small";
    spec.shots = {1, 2};
    spec.seeds = {1, 2, 3};
    spec.model = world_ / "model";
    spec.data = world_ / "data";
    spec.cache = world_ / "runs/cache";
    spec.ledger = world_ / "runs/ledger.db";
    spec.suites = world_ / "suites";
    return spec;
  }

  static std::set<std::string> ids(SweepSpec spec) {
    const Workbench bench(std::move(spec));
    std::set<std::string> ids;
    for (const PlannedRun& run : plan_sweep(bench).runs) ids.insert(run.id);
    return ids;
  }

  test::SweepWorld world_;
};

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

TEST_F(PlanSweep, SpellingOutADefaultIsTheSameRun) {
  SweepSpec spelt = spec();
  spelt.assignments = {"coop.ctx_init=a", "coop.n_ctx=1"};  // the dataset's own words, one token
  EXPECT_EQ(ids(spelt), ids(spec()));
}

TEST_F(PlanSweep, APromptThatIsTooLongStopsOnlyItsOwnRuns) {
  SweepSpec with_long = spec();
  with_long.methods = {"coop", "coop_ctx60"};
  const Workbench bench(with_long);
  for (const PlannedRun& run : plan_sweep(bench).runs) {
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

TEST_F(PlanSweep, AGivenDrawMakesAnotherRunUnlessItIsTheOrdinaryOne) {
  SweepSpec plain = spec();
  plain.methods = {"coop"};
  plain.datasets = "one";
  plain.shots = {2};
  const auto before = ids(plain);
  SweepSpec given = plain;
  given.draws = {world_ / "draw.json"};
  StoredDraw draw{"one", 2, 1, {}};
  {
    const Workbench bench(plain);
    draw.draw = draw_few_shot(bench.inputs().read_split(bench.inputs().datasets().front()), 2, 1);
  }
  write_file(given.draws[0], draw_text(draw));
  EXPECT_EQ(ids(given), before);

  std::swap(draw.draw.train[0], draw.draw.train[1]);
  write_file(given.draws[0], draw_text(draw));
  const auto after = ids(given);
  EXPECT_EQ(after.size(), before.size());
  EXPECT_EQ(std::ranges::count_if(after, [&](const std::string& id) { return before.contains(id); }), 2)
      << "seeds 2 and 3 draw as always";

  draw.seed = 9;
  write_file(given.draws[0], draw_text(draw));
  EXPECT_ERROR(ids(given), "draw.json: is of one, 2 shots, seed 9, and the sweep has no such run");
  given.draws.push_back(given.draws[0]);
  EXPECT_ERROR(ids(given), "both are of one, 2 shots, seed 9; leave one out");
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

}  // namespace
}  // namespace promptbed
