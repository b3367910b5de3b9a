#include "sweep/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "data/draws/draw_file.h"
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

  static std::set<std::string> ids(const SweepSpec& spec) {
    const Workbench bench(spec);
    std::set<std::string> ids;
    for (const PlannedRun& run : plan_sweep(spec, bench).runs) ids.insert(run.id);
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

TEST_F(PlanSweep, LabelNoiseIsAnotherDrawOfTheSameImages) {
  SweepSpec clean = spec();
  clean.datasets = "one";
  clean.shots = {3};
  clean.seeds = {1};
  SweepSpec noisy = clean;
  noisy.changes.noise = LabelNoise{NoiseKind::symmetric, 0.4};
  const Workbench bench(clean);
  const Plan before = plan_sweep(clean, bench), after = plan_sweep(noisy, bench);
  ASSERT_EQ(after.runs.size(), 2u);
  EXPECT_EQ(after.runs[0].id, before.runs[0].id) << "zero-shot is not trained";
  EXPECT_NE(after.runs[1].id, before.runs[1].id);
  const FewShotDraw &drawn = before.runs[1].job.draw, &changed = after.runs[1].job.draw;
  EXPECT_NE(changed.hash(), drawn.hash());
  EXPECT_EQ(changed.val, drawn.val);
  ASSERT_EQ(changed.train.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(changed.train[i].path, drawn.train[i].path);
  const auto flipped = std::ranges::count_if(
      changed.train, [](const Image& image) { return image.class_name != image.path.substr(0, 1); });
  EXPECT_EQ(flipped, 2) << "one of each trained class, to the other one";

  noisy.shots = {1};
  EXPECT_EQ(plan_sweep(noisy, bench).runs[1].obstacle,
            "one: --label-noise symmetric:0.4 leaves all labels of 1 shots as they are; give more shots or a "
            "higher rate");
}

TEST_F(PlanSweep, ImbalanceKeepsFewerImagesOfLaterClasses) {
  SweepSpec sweep = spec();
  sweep.methods = {"coop"};
  sweep.datasets = "one";
  sweep.shots = {3};
  sweep.seeds = {1};
  sweep.assignments = {"coop.n_ctx=1"};
  const Workbench bench(sweep);
  const auto labels = [&] {
    std::vector<int64_t> drawn;
    for (const Image& image : plan_sweep(sweep, bench).runs.front().job.draw.train)
      drawn.push_back(image.label);
    return drawn;
  };
  EXPECT_EQ(labels(), (std::vector<int64_t>{0, 0, 0, 1, 1, 1}));
  sweep.changes.imbalance = 3;
  EXPECT_EQ(labels(), (std::vector<int64_t>{0, 0, 0, 1}));
  sweep.protocol = Protocol::few_shot;
  EXPECT_EQ(labels(), (std::vector<int64_t>{0, 0, 0, 1, 1, 2, 3})) << "3, 2.08, 1.44, 1";
  sweep.changes.imbalance = 1.01;
  EXPECT_EQ(plan_sweep(sweep, bench).runs.front().obstacle,
            "one: --imbalance 1.01 leaves all 3 shots of each class; give more shots");
}

TEST_F(PlanSweep, ChangesAGivenDrawAndRefusesAChangedOne) {
  SweepSpec noisy = spec();
  noisy.methods = {"coop"};
  noisy.datasets = "one";
  noisy.shots = {3};
  noisy.seeds = {1};
  noisy.changes.noise = LabelNoise{NoiseKind::symmetric, 0.4};
  const auto ordinary = ids(noisy);
  noisy.draws = {world_ / "draw.json"};
  StoredDraw draw{"one", 3, 1, {}};
  {
    const Workbench bench(spec());
    draw.draw = draw_few_shot(bench.inputs().read_split(bench.inputs().datasets().front()), 3, 1);
  }
  write_file(noisy.draws[0], draw_text(draw));
  EXPECT_EQ(ids(noisy), ordinary);
  draw.changes = noisy.changes;
  write_file(noisy.draws[0], draw_text(draw));
  EXPECT_ERROR(
      ids(noisy),
      "draw.json: is a changed draw, which a sweep makes itself; leave it out and give --label-noise "
      "symmetric:0.4");
}

/// The small world, in which the first dataset is laid out as ImageNet is.
class PlanImageNet : public PlanSweep {
 protected:
  PlanImageNet() {
    auto dataset = read_json(world_ / "suites/small/one.json");
    dataset["split"] = {{"kind", "imagenet"}, {"file", "classnames.txt"}};
    write_file(world_ / "suites/small/one.json", dataset.dump());
    std::string names;
    for (const std::string name : {"a", "b", "c", "d"}) {
      names += "n0" + name + " " + name + "\n";
      for (int i = 0; i < 5; ++i) {
        for (const std::string part : {"train", "val"})
          write_file(world_ / ("data/one/images/" + part + "/n0" + name + "/" + std::to_string(i) + ".bmp"),
                     test::bmp_picture(static_cast<uint8_t>(20 * i), static_cast<uint8_t>(names.size()), 7));
      }
    }
    write_file(world_ / "data/one/classnames.txt", names);
  }

  /// A sweep of one shot and seed on ImageNet by a method that validates and one that does not.
  SweepSpec on_imagenet() const {
    SweepSpec sweep = spec();
    sweep.methods = {"coop", "gda_clip"};
    sweep.datasets = "one";
    sweep.shots = {2};
    sweep.seeds = {1};
    return sweep;
  }
};

TEST_F(PlanImageNet, HasNoValidationImagesUnlessTheyAreTrainingImages) {
  const SweepSpec usual = on_imagenet();
  SweepSpec validating = usual;
  validating.imagenet_val = true;
  const Workbench bench(usual);
  const Plan before = plan_sweep(usual, bench), after = plan_sweep(validating, bench);
  EXPECT_EQ(before.runs[0].id, after.runs[0].id) << "CoOp looks at no validation images";
  EXPECT_NE(before.runs[1].id, after.runs[1].id);
  EXPECT_EQ(after.runs[1].job.run.validation, "training");
  EXPECT_TRUE(before.runs[1].job.draw.val.empty());
  const FewShotDraw& draw = after.runs[1].job.draw;
  EXPECT_EQ(draw.train, before.runs[1].job.draw.train);
  EXPECT_EQ(draw.val.size(), 4u) << "two of each base class";
  for (const Image& image : draw.val) {
    EXPECT_TRUE(image.path.starts_with("train/")) << image.path << ": never a test image";
    EXPECT_EQ(std::ranges::count(draw.train, image), 0);
  }
}

TEST_F(PlanImageNet, IsAskedForWhereItIs) {
  SweepSpec both = on_imagenet();
  both.imagenet_val = true;
  both.datasets = "one,two";
  const Workbench bench(both);
  for (const PlannedRun& run : plan_sweep(both, bench).runs) {
    EXPECT_EQ(run.job.run.validation.empty(), run.dataset->spec.id == "two" || run.method->name() == "coop")
        << run.title();
  }
  both.datasets = "two";
  EXPECT_ERROR(ids(both), "--imagenet-val train: none of the datasets is ImageNet; leave it out");
}

TEST_F(PlanSweep, DescriptionsMakeOtherRunsOfMethodsThatReadThem) {
  SweepSpec described = spec();
  described.shots = {2};
  described.seeds = {1};
  const auto before = ids(described);
  described.descriptions["one"] = world_ / "one.json";
  write_file(described.descriptions["one"], R"({"a": ["a", "a a"], "b": ["b"], "c": ["c"], "d": ["d"]})");
  const Workbench bench(described);
  for (const PlannedRun& run : plan_sweep(described, bench).runs) {
    const bool reads = run.method->name() == "clip_zeroshot" && run.dataset->spec.id == "one";
    EXPECT_EQ(before.contains(run.id), !reads) << run.title();
    EXPECT_EQ(run.job.descriptions.size(), reads ? 4u : 0u);
    EXPECT_EQ(run.job.run.descriptions.empty(), !reads);
  }
  described.methods = {"coop"};
  EXPECT_EQ(plan_sweep(described, bench).warnings.back(),
            "--descriptions: none of the methods reads descriptions of classes; clip_zeroshot does");
}

TEST_F(PlanSweep, DescriptionsCoverEveryClass) {
  SweepSpec described = spec();
  described.descriptions["one"] = world_ / "one.json";
  write_file(described.descriptions["one"], R"({"a": ["a"], "b": ["b"], "d": ["d"]})");
  EXPECT_ERROR(ids(described), "one.json: does not describe class 'c'; add it");
  described.descriptions = {{"three", world_ / "one.json"}};
  EXPECT_ERROR(ids(described), "dataset 'three' is not among");
  described.descriptions = {{"one", world_ / "one.json"}};
  write_file(world_ / "one.json", R"({"a": ["a"], "b": ["b b b b b b"], "c": ["c"], "d": ["d"]})");
  const Workbench bench(described);
  const std::string obstacle = plan_sweep(described, bench).runs.front().obstacle;
  EXPECT_TRUE(obstacle.ends_with(
      "class \"b\": the description \"b b b b b b\" has 8 tokens and the model takes 6; shorten it"))
      << obstacle;
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
  EXPECT_EQ(plan.runs.front().title(), "coop csc=false position=end on one, 1 shots, seed 1");
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
}

TEST_F(PlanSweep, FewShotTrainsAndTestsAllClasses) {
  SweepSpec few = spec();
  few.protocol = Protocol::few_shot;
  few.assignments = {"coop.n_ctx=1"};
  const Workbench bench(few);
  const Plan plan = plan_sweep(few, bench);
  EXPECT_EQ(plan.runs.size(), 2u * (1 + 2 * 3));
  for (const PlannedRun& run : plan.runs) {
    EXPECT_EQ(run.job.class_names.size(), 4u);
    EXPECT_TRUE(run.job.new_class_names.empty());
    ASSERT_EQ(run.tests.size(), 1u);
    EXPECT_EQ(run.tests[0].title(), "all of " + run.dataset->spec.id);
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
      EXPECT_EQ(run.tests.size(), 1u);
      continue;
    }
    EXPECT_EQ(run.dataset->spec.id, "two");
    ASSERT_EQ(run.tests.size(), 2u);
    EXPECT_EQ(run.tests[0].title(), "all of two");
    EXPECT_EQ(run.tests[1].title(), "all of one");
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
  ASSERT_EQ(coop->tests.size(), 2u);
  EXPECT_EQ(coop->tests[1].title(), "all of two_moved");
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
  EXPECT_EQ(run.job.class_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run.job.new_class_names, (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(run.job.draw.train.size(), 4u);
  EXPECT_EQ(run.job.tests, run.tests);
  EXPECT_EQ(run.job.tests.at(1),
            (JobTest{"one", run.dataset->split_hash, ClassSet::new_, run.dataset->test_images}));
  EXPECT_FALSE(run.job.kept_state) << "it is to be trained";
}

}  // namespace
}  // namespace promptbed
