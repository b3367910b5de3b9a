#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
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
    return run_sweep(plan, spec, bench, {[&](JobQueue& queue) {
                       const auto report = [&](const JobOutcome& outcome) { queue.report(outcome); };
                       while (const std::optional<Job> job = queue.next())
                         report(make_job(*job, bench, report));
                     }},
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

TEST_F(Protocols, WhatWasNotTrackedInTrainingIsTrackedByTrainingAgainAlone) {
  sweep(Protocol::base_new);
  const std::string id = run("base-new").id;
  EXPECT_TRUE(outcome(id).tracked.empty());
  spec_.track_new = 1;
  spec_.remeasure = true;
  EXPECT_EQ(sweep(Protocol::base_new).made, 0);
  const std::string line = "--track-new: 1 run was trained before without it; --force trains again";
  SweepSpec spec = spec_;
  spec.datasets = "one";
  const Workbench bench(spec);
  EXPECT_EQ(std::ranges::count(plan_sweep(spec, bench).warnings, line), 1);
  spec_.force = true;
  EXPECT_EQ(sweep(Protocol::base_new).made, 1);
  EXPECT_EQ(outcome(id).tracked.size(), 4u) << "two epochs, base and new";
  EXPECT_EQ(std::ranges::count(plan_sweep(spec, bench).warnings, line), 0);
}

TEST_F(Protocols, WithoutNewClassesThereIsNothingToTrack) {
  spec_.track_new = 1;
  EXPECT_ERROR(sweep(Protocol::few_shot), "--track-new: is for base-new and open-world; few-shot has no new");
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

TEST_F(Protocols, ARunThatLacksOnlyTestsIsNotSaidToBeOfOtherImages) {
  sweep(Protocol::base_new);
  SweepSpec spec = spec_;
  spec.datasets = "one";
  spec.protocol = Protocol::open_world;
  const Workbench bench(spec);
  const Plan plan = plan_sweep(spec, bench);
  EXPECT_EQ(plan.pending().size(), 1u);
  EXPECT_EQ(plan.warnings, std::vector<std::string>());
}

/// The names of what was measured in a test.
std::set<std::string> measured_in(const RunOutcome& outcome, const std::string& class_set) {
  std::set<std::string> names;
  for (const Measurement& measurement : outcome.measurements) {
    if (measurement.class_set == class_set) names.insert(measurement.name);
  }
  return names;
}

TEST_F(Protocols, OpenWorldTestsBothHalvesTogetherOfWhatBaseNewTrained) {
  EXPECT_EQ(sweep(Protocol::base_new).made, 1);
  const RunRecord trained = run("base-new");
  const std::set<std::string> usual = {measured::kPerClass, measured::kConfidence, measured::kError,
                                       measured::kAdaptiveError};
  EXPECT_EQ(measured_in(outcome(trained.id), "base"), usual);
  EXPECT_EQ(measured_in(outcome(trained.id), "new"), usual);
  EXPECT_EQ(outcome(trained.id).reliabilities.size(), 2u);

  EXPECT_EQ(sweep(Protocol::open_world).made, 1);
  const RunRecord tested = run("open-world");
  EXPECT_EQ(tested.id, trained.id);
  const RunOutcome both = outcome(tested.id);
  ASSERT_EQ(both.scores.size(), 3u);
  EXPECT_EQ(both.scores[0].class_set, "all");
  EXPECT_EQ(both.scores[0].images, both.scores[1].images + both.scores[2].images);
  std::set<std::string> more = usual;
  more.insert({measured::kAuroc, measured::kOpenWorldAuc});
  EXPECT_EQ(measured_in(both, "all"), more);
  EXPECT_EQ(sweep(Protocol::open_world).present, 1);
  EXPECT_EQ(sweep(Protocol::base_new).present, 1);
}

TEST_F(Protocols, ReliabilityHoldsEveryImageOfATest) {
  sweep(Protocol::base_new);
  const RunOutcome made = outcome(run("base-new").id);
  for (const Reliability& reliability : made.reliabilities) {
    const auto score = std::ranges::find(made.scores, reliability.class_set, &Score::class_set);
    int64_t images = 0, correct = 0;
    for (const ConfidenceBin& bin : reliability.bins) {
      images += bin.images;
      correct += bin.correct;
    }
    EXPECT_EQ(images, score->images);
    EXPECT_EQ(correct, score->correct);
  }
}

TEST_F(Protocols, OfAMethodWithoutProbabilitiesOnlyAccuracyIsMeasured) {
  spec_.methods = {"tip_adapter"};
  spec_.epochs.reset();
  sweep(Protocol::open_world);
  const RunOutcome made = outcome(run("open-world").id);
  EXPECT_EQ(measured_in(made, "base"), (std::set<std::string>{measured::kPerClass}));
  EXPECT_TRUE(made.reliabilities.empty());
  EXPECT_EQ(made.refusals.size(), 2u) << "of new classes, and of both halves";
}

TEST_F(Protocols, TestsOfAnEarlierVersionAreMeasuredWhenThatIsAskedFor) {
  sweep(Protocol::base_new);
  const RunOutcome whole = outcome(run("base-new").id);
  const auto forget = [&] {
    SQLite::Database(spec_.ledger.string(), SQLite::OPEN_READWRITE)
        .exec("DELETE FROM measurement; DELETE FROM reliability");
  };
  forget();
  EXPECT_EQ(sweep(Protocol::base_new).present, 1) << "no sweep repeats them by itself";
  spec_.remeasure = true;
  EXPECT_EQ(sweep(Protocol::base_new).made, 1);
  EXPECT_EQ(sweep(Protocol::base_new).present, 1);
  const RunOutcome again = outcome(run("base-new").id);
  EXPECT_EQ(again.measurements.size(), whole.measurements.size());
  EXPECT_EQ(again.scores[0].predictions_hash, whole.scores[0].predictions_hash);
  EXPECT_EQ(again.execution.seconds.count("training"), 1u) << "of the attempt that trained";

  forget();
  spec_.remeasure = false;
  EXPECT_EQ(sweep(Protocol::open_world).made, 1);
  EXPECT_EQ(measured_in(outcome(run("open-world").id), "new").size(), 4u);
}

TEST_F(Protocols, ARunWithoutItsPromptIsNotTrainedAgainToBeMeasured) {
  sweep(Protocol::base_new);
  SQLite::Database(spec_.ledger.string(), SQLite::OPEN_READWRITE).exec("DELETE FROM measurement");
  fs::remove(prompt_path(spec_.ledger, run("base-new").id));
  spec_.datasets = "one";
  spec_.remeasure = true;
  const Plan plan = plan_sweep(spec_, Workbench(spec_));
  EXPECT_TRUE(plan.pending().empty());
  EXPECT_EQ(plan.warnings,
            std::vector<std::string>{
                "no further measures of 1 run whose prompts are gone: the scores stay; --force "
                "trains again"});
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
