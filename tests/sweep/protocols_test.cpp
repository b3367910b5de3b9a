#include <gtest/gtest.h>

#include <sstream>

#include "prompts/trained_prompt.h"
#include "results/run_record.h"
#include "support/expect_error.h"
#include "support/sweep_world.h"
#include "sweep/features.h"
#include "sweep/run.h"
#include "sweep/sweep.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Sweeps of coop on the small world that train on dataset "one", in this process.
class Protocols : public testing::Test {
 protected:
  Protocols() {
    spec_.methods = {"coop"};
    spec_.suite = "small";
    spec_.shots = {2};
    spec_.seeds = {1};
    spec_.views = 0;
    spec_.epochs = 2;
    spec_.model = world_ / "model";
    spec_.data = world_ / "data";
    spec_.cache = world_ / "runs/cache";
    spec_.ledger = world_ / "runs/ledger.db";
    spec_.suites = world_ / "suites";
  }

  /// What a sweep of that protocol makes, of its one run.
  SweepOutcome sweep(Protocol protocol) {
    SweepSpec spec = spec_;
    spec.protocol = protocol;
    if (protocol == Protocol::cross_dataset) {
      choose_source(spec, {.source = "one"});
    } else {
      spec.datasets = "one";
    }
    Workbench bench(spec);
    return sweep(plan_sweep(spec, bench), spec, bench);
  }

  /// Makes the plan's runs in this process.
  static SweepOutcome sweep(const Plan& plan, const SweepSpec& spec, Workbench& bench) {
    std::ostringstream log;
    return run_sweep(
        plan, spec, bench,
        [&](JobQueue& queue) {
          const auto report = [&](const JobOutcome& outcome) { queue.report(outcome); };
          while (const std::optional<Job> job = queue.next()) report(make_job(*job, bench, report));
        },
        log);
  }

  RunRecord run(const std::string& protocol) const {
    return Ledger::open_existing(spec_.ledger).list({.protocol = protocol}).at(0);
  }

  RunOutcome outcome(const std::string& id) const { return Ledger::open_existing(spec_.ledger).outcome(id); }

  test::SweepWorld world_;
  SweepSpec spec_;
};

TEST_F(Protocols, OneTrainingServesAllThatItIsTestedOn) {
  spec_.assignments = {"coop.n_ctx=1"};  // the same in both protocols
  EXPECT_EQ(sweep(Protocol::few_shot).made, 1);
  const RunRecord trained = run("few-shot");
  EXPECT_EQ(outcome(trained.id).scores.size(), 1u);

  EXPECT_EQ(sweep(Protocol::cross_dataset).made, 1);
  const RunRecord tested = run("cross-dataset");
  EXPECT_EQ(tested.id, trained.id);
  EXPECT_EQ(tested.attempts, 2);
  EXPECT_EQ(tested.protocols, (std::vector<Protocol>{Protocol::cross_dataset, Protocol::few_shot}));
  EXPECT_EQ(outcome(tested.id).scores.size(), 2u);
  EXPECT_EQ(outcome(tested.id).execution.seconds.count("training"), 1u);

  EXPECT_EQ(sweep(Protocol::cross_dataset).present, 1) << "and what is tested is never tested again";
}

TEST_F(Protocols, APromptTestedLaterGivesTheScoresOfOneTestedAtOnce) {
  spec_.assignments = {"coop.n_ctx=1"};
  sweep(Protocol::few_shot);
  sweep(Protocol::cross_dataset);
  const RunOutcome later = outcome(run("cross-dataset").id);
  spec_.force = true;
  sweep(Protocol::cross_dataset);
  const RunOutcome at_once = outcome(run("cross-dataset").id);
  ASSERT_EQ(later.scores.size(), at_once.scores.size());
  for (size_t i = 0; i < later.scores.size(); ++i)
    EXPECT_EQ(later.scores[i].predictions_hash, at_once.scores[i].predictions_hash);
}

TEST_F(Protocols, APromptThatIsGoneIsTrainedOnceMore) {
  spec_.assignments = {"coop.n_ctx=1"};
  sweep(Protocol::few_shot);
  const std::string state = outcome(run("few-shot").id).state_hash;
  fs::remove(prompt_path(spec_.ledger, run("few-shot").id));
  EXPECT_EQ(sweep(Protocol::cross_dataset).made, 1);
  EXPECT_TRUE(fs::exists(prompt_path(spec_.ledger, run("few-shot").id)));
  EXPECT_EQ(outcome(run("few-shot").id).state_hash, state);
  EXPECT_EQ(outcome(run("few-shot").id).scores.size(), 2u);
}

TEST_F(Protocols, APromptThatWasChangedIsRefusedByName) {
  spec_.assignments = {"coop.n_ctx=1"};
  sweep(Protocol::few_shot);
  const fs::path file = prompt_path(spec_.ledger, run("few-shot").id);
  const std::string whole = read_file(file);
  const auto expect_refused = [&](const std::string& why) {
    const SweepOutcome result = sweep(Protocol::cross_dataset);
    ASSERT_EQ(result.failures.size(), 1u);
    EXPECT_NE(result.failures[0].reason.find(why), std::string::npos) << result.failures[0].reason;
  };
  std::string bytes = whole;
  bytes.back() ^= 1;
  write_file(file, bytes);
  expect_refused("is damaged (it does not match its hash); restore a copy, or train it");

  write_file(file, whole);
  TrainedPrompt other = read_trained_prompt(file);
  other.state[0].second = other.state[0].second + 1;
  write_trained_prompt(file, other);
  expect_refused("is not the prompt that the ledger knows of; delete it");
  EXPECT_EQ(outcome(run("few-shot").id).scores.size(), 1u) << "the run stays as it was";
}

TEST_F(Protocols, TargetsThatAMethodCannotServeAreRefusalsWithTheirReason) {
  spec_.assignments = {"coop.csc=true", "coop.n_ctx=1"};
  auto split = world_.make_split("two");
  for (auto& [part, images] : split.items()) {
    for (auto& image : images) image[2] = "e" + image[2].get<std::string>();
  }
  world_.write_split("two", split);
  EXPECT_EQ(sweep(Protocol::cross_dataset).made, 1);
  const RunOutcome made = outcome(run("cross-dataset").id);
  EXPECT_EQ(made.scores.size(), 1u);
  ASSERT_EQ(made.refusals.size(), 1u);
  EXPECT_EQ(made.refusals[0].dataset, "two");
  EXPECT_EQ(made.refusals[0].reason, "coop: has no context vectors for classes that it was not trained on");
}

TEST_F(Protocols, APromptTooLongForATargetsClassCostsThatTargetOnly) {
  spec_.assignments = {"coop.n_ctx=1"};
  auto split = world_.make_split("two");
  for (auto& [part, images] : split.items()) {
    for (auto& image : images) {
      if (image[1] == 2) image[2] = "a long name";
    }
  }
  world_.write_split("two", split);
  EXPECT_EQ(sweep(Protocol::cross_dataset).made, 1);
  const RunOutcome made = outcome(run("cross-dataset").id);
  EXPECT_EQ(made.scores.size(), 1u);
  ASSERT_EQ(made.refusals.size(), 1u);
  EXPECT_NE(made.refusals[0].reason.find("the prompt has"), std::string::npos) << made.refusals[0].reason;
}

TEST_F(Protocols, AMissingPictureOfATargetCostsTheTestOnItAlone) {
  fs::remove(world_ / "data/two/images/a/test0.bmp");
  const SweepOutcome result = sweep(Protocol::cross_dataset);
  ASSERT_EQ(result.failures.size(), 1u);
  EXPECT_NE(result.failures[0].reason.find("all of two: "), std::string::npos) << result.failures[0].reason;
  const RunRecord record = run("cross-dataset");
  EXPECT_EQ(record.status, RunStatus::done);
  EXPECT_EQ(outcome(record.id).scores.size(), 1u);

  world_.make_split("two");  // puts the picture back
  EXPECT_EQ(sweep(Protocol::cross_dataset).made, 1);
  EXPECT_EQ(outcome(record.id).scores.size(), 2u);
  EXPECT_EQ(run("cross-dataset").error, "");
}

TEST_F(Protocols, ARunHasALogOfItsEpochsAndTests) {
  sweep(Protocol::base_new);
  const std::string log = read_file(log_path(spec_.ledger, run("base-new").id));
  for (const char* part : {" coop on one, 2 shots, seed 1, attempt 1\n", "\nepoch 1 of 2: loss ",
                           "\nepoch 2 of 2: loss ", "\nbase of one: ", "\nnew of one: ", "\ndone\n"})
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
}

TEST_F(Protocols, AFaultOfTheTestsDoesNotCostTheTraining) {
  SweepSpec spec = spec_;
  spec.datasets = "one";
  Workbench bench(spec);
  const Plan plan = plan_sweep(spec, bench);
  Ledger ledger(spec.ledger);
  std::ostringstream log;
  Progress progress("runs", 1, log, false);
  JobQueue queue(plan.pending(), spec, ledger, progress);
  const auto report = [&](const JobOutcome& outcome) { queue.report(outcome); };
  // Without the features of the test images.
  const std::vector<FeatureRequest> training = {requests_of(plan.runs.at(0).dataset->split, 0).front()};
  bench.inputs().extract(plan.runs.at(0).dataset->spec, training, 1, log);
  report(make_job(queue.next().value(), bench, report));
  const std::string id = plan.runs.at(0).id;
  EXPECT_EQ(ledger.find(id).status, RunStatus::done);
  EXPECT_NE(ledger.find(id).error, "");
  EXPECT_TRUE(fs::exists(prompt_path(spec_.ledger, id)));

  EXPECT_EQ(sweep(Protocol::base_new).made, 1);
  EXPECT_EQ(outcome(id).scores.size(), 2u);
  EXPECT_EQ(outcome(id).execution.seconds.count("training"), 1u);
}

TEST_F(Protocols, TheSameTrainingDoneOnceMoreKeepsTheTestsOfOthers) {
  spec_.assignments = {"coop.n_ctx=1"};
  sweep(Protocol::cross_dataset);
  spec_.force = true;
  EXPECT_EQ(sweep(Protocol::few_shot).made, 1);
  EXPECT_EQ(outcome(run("few-shot").id).scores.size(), 2u);
}

TEST_F(Protocols, ARunThatAnotherProtocolFinishedMeanwhileIsNotCountedAsMade) {
  spec_.assignments = {"coop.n_ctx=1"};
  SweepSpec cross = spec_;
  cross.protocol = Protocol::cross_dataset;
  choose_source(cross, {.source = "one"});
  Workbench bench(cross);
  const Plan planned_before = plan_sweep(cross, bench);
  sweep(Protocol::few_shot);
  const SweepOutcome result = sweep(planned_before, cross, bench);
  EXPECT_EQ(result.made, 0);
  EXPECT_EQ(result.elsewhere, 1);
  EXPECT_EQ(run("cross-dataset").id, run("few-shot").id) << "and it is known who asked";
}

}  // namespace
}  // namespace promptbed
