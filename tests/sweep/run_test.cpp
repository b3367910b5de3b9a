#include "sweep/run.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <sstream>

#include "prompts/trained_prompt.h"
#include "results/run_files.h"
#include "results/run_record.h"
#include "support/sweep_world.h"
#include "sweep/features.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Jobs on dataset "one" of the small world, two shots, seed 1, the fixture plugins `keeper` and `steps`
/// among the methods.
class MakeJob : public testing::Test {
 protected:
  MakeJob() {
    fs::create_directory(world_ / "plugins");
    for (const char* plugin : {"keeper.so", "steps.so"})
      fs::copy_file(fs::path(PROMPTBED_FIXTURES) / plugin, world_ / "plugins" / plugin);
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

  void take_away_validation_images() const {
    auto split = world_.make_split("one");
    split["val"] = nlohmann::json::array();
    world_.write_split("one", split);
  }

  /// Plans one method's run, extracts its features and makes its job.
  JobOutcome make(const std::string& method) {
    spec_.methods = {method};
    bench_.emplace(spec_);
    plan_ = plan_sweep(spec_, *bench_);
    std::ostringstream log;
    extract(extractions_of(plan_, {&run()}, bench_->inputs()), bench_->inputs(), 1, log);
    trained_.clear();
    return make_job(run().job, *bench_, [&](const JobOutcome& trained) {
      trained_.push_back(trained);
      if (!trained.prompt.empty()) publish_prompt(spec_.ledger, trained.run, trained.prompt);
    });
  }

  /// What the prompt of the last job holds.
  NamedTensors kept() const { return read_trained_prompt(prompt_path(spec_.ledger, run().id)).state; }

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
  std::vector<JobOutcome> trained_;  ///< what was reported before the last job's tests
};

TEST_F(MakeJob, GivesValidationImagesOfTheTrainedClassesInTheCentreCrop) {
  make("keeper");
  const FeatureSet expected = read_features(bench_->inputs().open_cache(run().dataset->spec),
                                            run().job.data->draw.val, {kCentreView}, torch::kCPU);
  EXPECT_TRUE(at::equal(named(kept(), "train.labels"), torch::tensor({0, 0, 1, 1}, torch::kLong)));
  EXPECT_TRUE(at::equal(named(kept(), "validation.labels"), torch::tensor({0, 1}, torch::kLong)));
  EXPECT_TRUE(at::equal(named(kept(), "validation.features"), expected.features));
}

TEST_F(MakeJob, GivesAllValidationImagesOfTheTrainedClassesToAMethodThatChoosesOnThem) {
  auto split = world_.make_split("one");
  for (const auto& image : split.at("train")) {  // the last of each class, in the other list
    if (image.at(0).get<std::string>().ends_with("train2.bmp")) split["val"].push_back(image);
  }
  std::erase_if(split["train"].get_ref<nlohmann::json::array_t&>(), [](const auto& image) {
    return image.at(0).template get<std::string>().ends_with("train2.bmp");
  });
  world_.write_split("one", split);
  spec_.shots = {1};
  make("keeper");
  EXPECT_EQ(named(kept(), "validation.labels").size(0), 2) << "one of each of two base classes";
  EXPECT_TRUE(run().job.run.images.contains("val"));
  make("hoarder");
  EXPECT_EQ(named(kept(), "validation.labels").size(0), 4);
  EXPECT_EQ(named(kept(), "train.labels").size(0), 2);
  EXPECT_TRUE(run().job.run.images.contains("full_val"));
  EXPECT_FALSE(run().job.run.images.contains("val"));
}

TEST_F(MakeJob, ValidationImagesMayBeNone) {
  take_away_validation_images();
  make("keeper");
  EXPECT_EQ(named(kept(), "validation.features").sizes(), (at::IntArrayRef{0, 1, 4}));
  EXPECT_EQ(named(kept(), "validation.labels").sizes(), (at::IntArrayRef{0}));
  for (const char* method :
       {"linear_probe", "tip_adapter", "tip_adapter_f", "gda_clip", "lp_plus_plus", "ape"})
    EXPECT_EQ(make(method).stage, JobStage::done) << method;
}

TEST_F(MakeJob, TrackingChangesNeitherTheRunNorItsTraining) {
  spec_.epochs = 3;
  spec_.assignments = {"coop.n_ctx=1"};
  const JobOutcome plain = make("coop");
  EXPECT_TRUE(plain.outcome.tracked.empty());
  const std::string id = run().id;
  spec_.track_new = 2;
  const JobOutcome tracked = make("coop");
  EXPECT_EQ(run().id, id);
  EXPECT_EQ(tracked.outcome.state_hash, plain.outcome.state_hash);
  ASSERT_EQ(tracked.outcome.epochs.size(), plain.outcome.epochs.size());
  for (size_t i = 0; i < plain.outcome.epochs.size(); ++i)
    EXPECT_EQ(tracked.outcome.epochs[i].loss, plain.outcome.epochs[i].loss);
}

TEST_F(MakeJob, TracksBaseAndNewAfterEveryFewEpochsAndTheLast) {
  spec_.epochs = 5;
  spec_.track_new = 2;
  const RunOutcome made = make("coop").outcome;
  std::vector<std::pair<int64_t, std::string>> places;
  for (const TrackedAccuracy& tracked : made.tracked) places.emplace_back(tracked.epoch, tracked.class_set);
  EXPECT_EQ(places, (std::vector<std::pair<int64_t, std::string>>{
                        {1, "base"}, {1, "new"}, {3, "base"}, {3, "new"}, {4, "base"}, {4, "new"}}));
  EXPECT_EQ(made.tracked[4].accuracy, made.scores[0].accuracy) << "the last is what the tests find";
  EXPECT_EQ(made.tracked[5].accuracy, made.scores[1].accuracy);
  EXPECT_TRUE(made.execution.seconds.contains("tracking")) << "apart from the training";
}

TEST_F(MakeJob, TracksBaseClassesAloneOfAMethodThatServesNoOthers) {
  spec_.assignments = {"coop.csc=true", "coop.n_ctx=1"};
  spec_.epochs = 2;
  spec_.track_new = 2;
  const RunOutcome made = make("coop").outcome;
  ASSERT_EQ(made.tracked.size(), 1u);
  EXPECT_EQ(made.tracked[0].class_set, "base");
}

TEST_F(MakeJob, ReportsTheTrainingBeforeTheTests) {
  const JobOutcome end = make("keeper");
  EXPECT_EQ(end.stage, JobStage::done);
  ASSERT_EQ(trained_.size(), 1u);
  EXPECT_EQ(trained_[0].stage, JobStage::trained);
  EXPECT_EQ(trained_[0].run, run().id);
  EXPECT_TRUE(trained_[0].outcome.scores.empty());
  EXPECT_EQ(trained_[0].outcome.state_hash, end.outcome.state_hash);
}

TEST_F(MakeJob, APromptThatIsKeptIsTestedAndNotTrained) {
  spec_.epochs = 2;
  const JobOutcome first = make("coop");
  Job job = run().job;
  job.kept_state = first.outcome.state_hash;
  trained_.clear();
  const JobOutcome again =
      make_job(job, *bench_, [&](const JobOutcome& trained) { trained_.push_back(trained); });
  EXPECT_TRUE(trained_.empty());
  ASSERT_EQ(again.outcome.scores.size(), 2u);
  for (size_t i = 0; i < 2; ++i)
    EXPECT_EQ(again.outcome.scores[i].predictions_hash, first.outcome.scores[i].predictions_hash);
  job.kept_state = "another";
  EXPECT_NE(make_job(job, *bench_, {}).error.find("is not the prompt that the ledger knows of"),
            std::string::npos);
}

TEST_F(MakeJob, SaysWhichClassesAMethodCannotServe) {
  const RunOutcome made = make("keeper").outcome;
  ASSERT_EQ(made.scores.size(), 1u);
  EXPECT_EQ(made.scores[0].class_set, "base");
  ASSERT_EQ(made.refusals.size(), 1u);
  EXPECT_EQ(made.refusals[0].dataset, "one");
  EXPECT_EQ(made.refusals[0].class_set, "new");
  EXPECT_EQ(made.refusals[0].reason, "keeper: has no room for classes that it was not trained on");
}

TEST_F(MakeJob, ABudgetOfStepsEndsInsideAnEpochUnlessTheUserGivesEpochs) {
  const JobOutcome outcome = make("steps");
  const RunSpec budget = run().job.run;
  EXPECT_EQ(budget.recipe->iterations, 6);
  ASSERT_EQ(outcome.outcome.epochs.size(), 2u) << "four images make a step each";
  EXPECT_TRUE(plan_.warnings.empty()) << "of short epochs: their number of steps decides nothing";

  spec_.epochs = 3;
  EXPECT_EQ(make("steps").outcome.epochs.size(), 3u);
  EXPECT_EQ(run().job.run.recipe->iterations, 0);
  EXPECT_NE(run().job.run.id(), budget.id());
}

TEST_F(MakeJob, ASolverOfItsOwnHasNoRecipe) {
  EXPECT_TRUE(make("keeper").outcome.epochs.empty());
  EXPECT_FALSE(run().job.run.recipe.has_value());
  const std::string id = run().id;
  spec_.epochs = 3;
  spec_.learning_rate = 0.5;
  bench_.emplace(spec_);
  EXPECT_EQ(plan_sweep(spec_, *bench_).runs.at(0).id, id);
}

TEST_F(MakeJob, ASolverThatDoesNothingIsNamed) {
  spec_.assignments = {"keeper.idle=true"};
  const JobOutcome end = make("keeper");
  EXPECT_EQ(end.stage, JobStage::failed);
  EXPECT_NE(end.error.find("keeper: declares a solver of its own, and its fit() did nothing"),
            std::string::npos)
      << end.error;
}

TEST_F(MakeJob, AContextOfItsOwnForEachClassServesNoNewOnes) {
  spec_.assignments = {"coop.csc=true", "coop.n_ctx=1"};
  spec_.epochs = 2;
  const RunOutcome made = make("coop").outcome;
  EXPECT_EQ(made.scores.size(), 1u);
  ASSERT_EQ(made.refusals.size(), 1u);
  EXPECT_EQ(made.refusals[0].reason, "coop: has no context vectors for classes that it was not trained on");
}

TEST_F(MakeJob, AMethodOnAnotherIsARunOfItsOwnForEachBase) {
  std::set<std::string> ids;
  for (const char* base : {"coop", "kgcoop"}) {
    spec_.assignments = {fmt::format("dept.base={}", base), fmt::format("{}.n_ctx=1", base)};
    spec_.epochs = 1;
    const JobOutcome end = make("dept");
    EXPECT_EQ(end.stage, JobStage::done) << end.error;
    EXPECT_EQ(end.outcome.scores.size(), 2u);
    EXPECT_EQ(run().job.run.options.at("base.n_ctx"), OptionValue(int64_t{1}));
    EXPECT_EQ(run().job.run.base_version, bench_->registry().at(base).spec->version);
    EXPECT_NO_THROW(named(kept(), "base.ctx"));
    ids.insert(run().id);
  }
  EXPECT_EQ(ids.size(), 2u);
  Job job = run().job;
  job.run.base_version = 99;
  EXPECT_NE(make_job(job, *bench_, {}).error.find("kgcoop: version 99 was planned"), std::string::npos);
}

void change_test(Job& job, const std::function<void(JobTest&)>& change) {
  std::vector<JobTest> tests = *job.tests;
  change(tests[0]);
  job.tests = std::move(tests);
}

TEST_F(MakeJob, RefusesWhatWasPlannedWithSomethingElse) {
  make("clip_zeroshot");
  const auto error_of = [&](const std::function<void(Job&)>& change) {
    Job job = run().job;
    change(job);
    return make_job(job, *bench_, [](const JobOutcome&) {}).error;
  };
  EXPECT_NE(error_of([](Job& job) { job.run.model = "another"; }).find("is another model than"),
            std::string::npos);
  EXPECT_NE(error_of([](Job& job) { job.run.method_version = 99; }).find("version 99 was planned"),
            std::string::npos);
  EXPECT_NE(error_of([](Job& job) {
              change_test(job, [](JobTest& test) { test.split_hash = "another"; });
            }).find("one: its split has changed since the sweep was planned; sweep again"),
            std::string::npos);
  EXPECT_NE(error_of([](Job& job) {
              change_test(job, [](JobTest& test) { test.images = "another"; });
            }).find("one: its images have changed since the sweep was planned; sweep again"),
            std::string::npos);
  EXPECT_NE(error_of([](Job& job) { job.run.tokenizer = "another"; }).find("is another model than"),
            std::string::npos);
  EXPECT_NE(error_of([](Job& job) { job.run.method = "nobody"; }).find("no method nobody"),
            std::string::npos);
}

}  // namespace
}  // namespace promptbed
