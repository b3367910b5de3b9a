#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "data/draws/draw_file.h"
#include "support/expect_error.h"
#include "sweep/plan.h"
#include "sweep/planned_sweep.h"

namespace promptbed {
namespace {

/// What users put in the place of the usual draws and words.
class PlanGivenFiles : public test::PlannedSweep {};

TEST_F(PlanGivenFiles, AGivenDrawMakesAnotherRunUnlessItIsTheOrdinaryOne) {
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

  SweepSpec transfer = given;
  transfer.protocol = Protocol::cross_dataset;
  choose_source(transfer, {.source = "one"});
  EXPECT_EQ(ids(transfer).size(), 3U);
  choose_source(transfer, {.source = "two"});  // "one" is only tested on
  EXPECT_ERROR(ids(transfer), "has no such run; change --source, --shots or --seeds");

  draw.seed = 9;
  write_file(given.draws[0], draw_text(draw));
  EXPECT_ERROR(ids(given), "draw.json: is of one, 2 shots, seed 9, and the sweep has no such run");
  given.draws.push_back(given.draws[0]);
  EXPECT_ERROR(ids(given), "both are of one, 2 shots, seed 9; leave one out");
}

TEST_F(PlanGivenFiles, LabelNoiseIsAnotherDrawOfTheSameImages) {
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
  const FewShotDraw &drawn = before.runs[1].job.data->draw, &changed = after.runs[1].job.data->draw;
  EXPECT_NE(changed.hash(), drawn.hash());
  EXPECT_EQ(changed.val, drawn.val);
  ASSERT_EQ(changed.train.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(changed.train[i].path, drawn.train[i].path);
  const auto flipped = std::ranges::count_if(
      changed.train, [](const Image& image) { return image.class_name != image.path.substr(0, 1); });
  EXPECT_EQ(flipped, 2) << "one of each trained class, to the other one";

  noisy.shots = {1};
  EXPECT_EQ(plan_sweep(noisy, bench).runs[1].obstacle,
            "one: --label-noise symmetric:0.4 leaves all labels of 1 shot as they are; give more shots or a "
            "higher rate");
}

TEST_F(PlanGivenFiles, ImbalanceKeepsFewerImagesOfLaterClasses) {
  SweepSpec sweep = spec();
  sweep.methods = {"coop"};
  sweep.datasets = "one";
  sweep.shots = {3};
  sweep.seeds = {1};
  sweep.assignments = {"coop.n_ctx=1"};
  const Workbench bench(sweep);
  const auto labels = [&] {
    std::vector<int64_t> drawn;
    for (const Image& image : plan_sweep(sweep, bench).runs.front().job.data->draw.train)
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

TEST_F(PlanGivenFiles, ChangesAGivenDrawAndRefusesAChangedOne) {
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
class PlanImageNet : public test::PlannedSweep {
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
  EXPECT_TRUE(before.runs[1].job.data->draw.val.empty());
  const FewShotDraw& draw = after.runs[1].job.data->draw;
  EXPECT_EQ(draw.train, before.runs[1].job.data->draw.train);
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

TEST_F(PlanGivenFiles, DescriptionsMakeOtherRunsOfMethodsThatReadThem) {
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
    EXPECT_EQ(run.job.data->descriptions.size(), reads ? 4u : 0u);
    EXPECT_EQ(run.job.run.descriptions.empty(), !reads);
  }
  described.methods = {"coop"};
  EXPECT_EQ(std::ranges::count(
                plan_sweep(described, bench).warnings,
                "--descriptions: none of the methods reads descriptions of classes; clip_zeroshot does"),
            1);
}

TEST_F(PlanGivenFiles, DescriptionsCoverEveryClass) {
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

}  // namespace
}  // namespace promptbed
