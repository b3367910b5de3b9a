#include "sweep/run.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <sstream>

#include "prompts/trained_prompt.h"
#include "report/grid/accuracy_tables.h"
#include "report/texts.h"
#include "results/run_record.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"
#include "sweep/features.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Runs on dataset "one" of the small world, two shots, seed 1, the fixture plugin `keeper` among the
/// methods.
class MakeRun : public testing::Test {
 protected:
  MakeRun() {
    fs::create_directory(world_ / "plugins");
    fs::copy_file(fs::path(PROMPTBED_FIXTURES) / "keeper.so", world_ / "plugins/keeper.so");
    spec_.suite = "small";
    spec_.datasets = "one";
    spec_.shots = {2};
    spec_.seeds = {1};
    spec_.views = 2;
    spec_.model = world_ / "model";
    spec_.data = world_ / "data";
    spec_.cache = world_ / "runs/cache";
    spec_.ledger = world_ / "runs/ledger.db";
    spec_.suites = world_ / "suites";
    spec_.plugins = {world_ / "plugins"};
  }

  struct Made {
    RunOutcome outcome;
    NamedTensors state;
  };

  void take_away_validation_images() const {
    auto split = world_.make_split("one");
    split["val"] = nlohmann::json::array();
    world_.write_split("one", split);
  }

  /// Plans one method's run, extracts its features, makes it and puts it on record.
  Made make(const std::string& method) {
    spec_.methods = {method};
    bench_.emplace(spec_);
    plan_ = plan_sweep(*bench_);
    const PlannedRun& run = plan_.runs.at(0);
    std::ostringstream log;
    extract_missing_features(plan_, {&run}, *bench_, log);
    caches_.emplace(bench_->inputs());
    EXPECT_TRUE(bench_->ledger().claim(run.spec, run.state ? Redo::yes : Redo::no));
    bench_->ledger().ask("base-new", {run.id});
    make_run(run, *caches_, *bench_, log);
    return {bench_->ledger().outcome(run.id), read_trained_prompt(prompt_path(spec_.ledger, run.id)).state};
  }

  const PlannedRun& run() const { return plan_.runs.at(0); }

  static Tensor named(const NamedTensors& tensors, const std::string& name) {
    for (const auto& [key, tensor] : tensors) {
      if (key == name) return tensor;
    }
    ADD_FAILURE() << "no tensor " << name;
    return {};
  }

  test::SweepWorld world_;
  SweepSpec spec_;
  std::optional<Workbench> bench_;
  Plan plan_;
  std::optional<OpenCaches> caches_;
};

TEST_F(MakeRun, GivesValidationImagesOfTheTrainedClassesInTheCentreCrop) {
  const NamedTensors kept = make("keeper").state;
  const FeatureSet expected =
      read_features(caches_->of(*run().dataset), run().draw.val, {kCentreView}, torch::kCPU);
  EXPECT_TRUE(at::equal(named(kept, "train.labels"), torch::tensor({0, 0, 1, 1}, torch::kLong)));
  EXPECT_TRUE(at::equal(named(kept, "validation.labels"), torch::tensor({0, 1}, torch::kLong)));
  EXPECT_TRUE(at::equal(named(kept, "validation.features"), expected.features));
}

TEST_F(MakeRun, ValidationImagesMayBeNone) {
  take_away_validation_images();
  const NamedTensors kept = make("keeper").state;
  EXPECT_EQ(named(kept, "validation.features").sizes(), (at::IntArrayRef{0, 1, 4}));
  EXPECT_EQ(named(kept, "validation.labels").sizes(), (at::IntArrayRef{0}));
  for (const char* method : {"linear_probe", "tip_adapter", "tip_adapter_f"})
    EXPECT_EQ(make(method).outcome.scores.size(), 1u) << method;
}

TEST_F(MakeRun, PutsOnRecordWhichClassesAMethodCannotServe) {
  const RunOutcome made = make("keeper").outcome;
  ASSERT_EQ(made.scores.size(), 1u);
  EXPECT_EQ(made.scores[0].class_set, "base");
  const RunOutcome read = bench_->ledger().outcome(run().id);
  ASSERT_EQ(read.refusals.size(), 1u);
  EXPECT_EQ(read.refusals[0].dataset, "one");
  EXPECT_EQ(read.refusals[0].class_set, "new");
  EXPECT_EQ(read.refusals[0].reason, "keeper: has no room for classes that it was not trained on");
  const Grid grid = make_grid(Snapshot(bench_->ledger()), {.shots = {2}}, Protocol::base_new);
  EXPECT_EQ(test::texts(base_new_report(grid).table.rows.back()),
            (std::vector<std::string>{"one", "50.00", "cannot", "cannot"}));
}

TEST_F(MakeRun, ASolverOfItsOwnHasNoRecipe) {
  EXPECT_TRUE(make("keeper").outcome.epochs.empty());
  EXPECT_FALSE(run().spec.recipe.has_value());
  const std::string id = run().id;
  spec_.epochs = 3;
  spec_.learning_rate = 0.5;
  bench_.emplace(spec_);
  EXPECT_EQ(plan_sweep(*bench_).runs.at(0).id, id);
}

TEST_F(MakeRun, ASolverThatDoesNothingIsNamed) {
  spec_.assignments = {"keeper.idle=true"};
  EXPECT_ERROR(make("keeper"), "keeper: declares a solver of its own, and its fit() did nothing");
}

TEST_F(MakeRun, AContextOfItsOwnForEachClassServesNoNewOnes) {
  spec_.assignments = {"coop.csc=true", "coop.n_ctx=1"};
  spec_.epochs = 2;
  const RunOutcome made = make("coop").outcome;
  EXPECT_EQ(made.scores.size(), 1u);
  ASSERT_EQ(made.refusals.size(), 1u);
  EXPECT_EQ(made.refusals[0].reason, "coop: has no context vectors for classes that it was not trained on");
}

}  // namespace
}  // namespace promptbed
