#include "results/ledger.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/files.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::sample_outcome;
using test::sample_spec;

class LedgerTest : public ::testing::Test {
 protected:
  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "runs/ledger.db"};
  RunSpec spec_ = sample_spec();
  std::string id_ = spec_.id();
};

TEST_F(LedgerTest, AClaimedRunIsRunningThenDone) {
  EXPECT_EQ(test::status_of(ledger_, id_), std::nullopt);
  EXPECT_TRUE(ledger_.claim(spec_));
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::running);
  EXPECT_FALSE(ledger_.claim(spec_));
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done);
  EXPECT_FALSE(ledger_.claim(spec_));
}

TEST_F(LedgerTest, AnOutcomeReadsBack) {
  RunOutcome outcome = sample_outcome("brands", 60.5, 50.5, {7, 13});
  outcome.refusals.push_back({"office", "all", "has no weights"});
  outcome.epochs[1].loss = std::numeric_limits<double>::quiet_NaN();
  ledger_.claim(spec_);
  test::finish(ledger_, id_, outcome);
  const RunOutcome read = Ledger::open_existing(ledger_.path()).outcome(id_);
  ASSERT_EQ(read.scores.size(), 2U);
  EXPECT_EQ(read.scores[1].class_set, "new");
  EXPECT_EQ(read.scores[1].accuracy, 50.5);
  EXPECT_EQ(read.scores[0].accuracy, 60.5);
  EXPECT_EQ(read.scores[0].macro_f1, 59.5);
  EXPECT_EQ(read.scores[0].images, 200);
  EXPECT_EQ(read.scores[0].predictions_hash, "base predictions");
  ASSERT_EQ(read.refusals.size(), 1U);
  EXPECT_EQ(read.refusals[0].dataset, "office");
  EXPECT_EQ(read.refusals[0].class_set, "all");
  EXPECT_EQ(read.refusals[0].reason, "has no weights");
  ASSERT_EQ(read.epochs.size(), 2U);
  EXPECT_EQ(read.epochs[0].learning_rate, 1e-5);
  EXPECT_TRUE(std::isnan(read.epochs[1].loss));
  EXPECT_EQ(read.execution.seconds, outcome.execution.seconds);
  EXPECT_EQ(read.execution.processor, "a processor");
  EXPECT_EQ(read.execution.peak_memory, 1 << 30);
  EXPECT_TRUE(read.execution.dirty);
  EXPECT_EQ(read.draw_hash, "draw");
  EXPECT_EQ(read.class_names_hash, "names");
  EXPECT_EQ(read.state_hash, hash_of_state(test::sample_state()));
  EXPECT_EQ(read.shots.least, 7);
  EXPECT_EQ(read.shots.most, 13);
}

TEST_F(LedgerTest, AFailedRunIsFreeAgainAndCountsItsAttempts) {
  ledger_.claim(spec_);
  ledger_.fail(id_, "places/images/a.png: is no image");
  RunRecord record = ledger_.list().at(0);
  EXPECT_EQ(record.status, RunStatus::failed);
  EXPECT_EQ(record.error, "places/images/a.png: is no image");
  EXPECT_EQ(record.attempts, 1);
  EXPECT_TRUE(ledger_.claim(spec_));
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  record = ledger_.list().at(0);
  EXPECT_EQ(record.attempts, 2);
  EXPECT_EQ(record.error, "");
  EXPECT_FALSE(record.owner.has_value());
  EXPECT_EQ(record.plugin_hash, "plugin");
}

TEST_F(LedgerTest, ReleaseLeavesEverythingAsBeforeTheClaim) {
  ledger_.claim(spec_);
  ledger_.release(id_);
  EXPECT_EQ(test::status_of(ledger_, id_), std::nullopt);

  ledger_.claim(spec_);
  ledger_.fail(id_, "broken");
  ledger_.claim(spec_);
  ledger_.release(id_);
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::failed);
  EXPECT_EQ(ledger_.list().at(0).attempts, 1);

  ledger_.claim(spec_);
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::running);
  ledger_.release(id_);
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done);
  EXPECT_EQ(ledger_.scores().size(), 2U);
}

TEST_F(LedgerTest, AReleasedRunStillSaysHowItWasTrained) {
  RunOutcome trained = sample_outcome("brands", 60, 50);
  trained.execution.seconds = {{"training", 12.25}};
  ledger_.claim(spec_);
  ledger_.keep_training(id_, trained);
  ledger_.release(id_);
  EXPECT_EQ(ledger_.list().at(0).attempts, 1);

  RunOutcome tests = sample_outcome("brands", 60, 50);
  tests.execution.seconds = {{"restoring", 0.5}};
  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  ledger_.add_tests(id_, tests);
  EXPECT_EQ(ledger_.list().at(0).attempts, 2);
  EXPECT_EQ(ledger_.outcome(id_).execution.seconds, trained.execution.seconds);
}

TEST_F(LedgerTest, ARedoneRunReplacesItsScores) {
  test::record(ledger_, spec_, 60, 50);
  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  test::finish(ledger_, id_, sample_outcome("brands", 61, 51));
  const std::vector<RunScore> scores = ledger_.scores();
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].run, id_);
  EXPECT_EQ(scores[0].score.accuracy, 61);
}

TEST_F(LedgerTest, ARedoneRunReplacesItsRefusals) {
  RunOutcome refused = sample_outcome("brands", 60, 50);
  refused.scores.pop_back();
  refused.refusals.push_back({"brands", "new", "has no weights"});
  ledger_.claim(spec_);
  test::finish(ledger_, id_, refused);
  EXPECT_EQ(ledger_.refusals({.datasets = {"brands"}}).at(0).run, id_);
  EXPECT_TRUE(ledger_.refusals({.datasets = {"office"}}).empty());
  ledger_.claim(spec_, Redo::yes);
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  EXPECT_TRUE(ledger_.refusals().empty());
}

TEST_F(LedgerTest, ARunThatFailsWhenItIsRedoneKeepsItsResult) {
  test::record(ledger_, spec_, 60, 50);
  const std::string ended = ledger_.list().at(0).ended;
  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  ledger_.fail(id_, "no luck today");
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done);
  EXPECT_EQ(ledger_.scores().size(), 2u);
  const RunRecord record = ledger_.list().at(0);
  EXPECT_EQ(record.error, "no luck today");
  EXPECT_EQ(record.attempts, 2);
  EXPECT_EQ(record.ended, ended);
  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  ledger_.release(id_);
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done);
}

TEST_F(LedgerTest, AFinishIsWrittenWholeOrNotAtAll) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  outcome.epochs.push_back(outcome.epochs[0]);  // the same epoch twice
  ledger_.claim(spec_);
  EXPECT_ERROR(test::finish(ledger_, id_, outcome), "ledger.db: the ledger cannot be used");
  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::running);
  EXPECT_TRUE(ledger_.scores().empty());
}

TEST_F(LedgerTest, OnlyTheOwnerFinishes) {
  EXPECT_ERROR(test::finish(ledger_, id_, sample_outcome("brands", 60, 50)),
               "run " + id_ + ": was deleted or taken over while it ran");
  ledger_.fail(id_, "ignored");
  ledger_.release(id_);
  EXPECT_TRUE(ledger_.list().empty());
}

TEST_F(LedgerTest, RemoveTakesAllThatBelongsToTheRun) {
  test::record(ledger_, spec_, 60, 50);
  const RunSpec other = sample_spec("office");
  test::record(ledger_, other, 40, 30);
  EXPECT_EQ(ledger_.remove(id_.substr(0, 15)), id_);
  EXPECT_EQ(test::status_of(ledger_, id_), std::nullopt);
  EXPECT_EQ(ledger_.scores().size(), 2U);
  EXPECT_EQ(ledger_.scores()[0].run, other.id());
  EXPECT_ERROR(ledger_.outcome(id_), "was never finished");
  EXPECT_TRUE(ledger_.claim(spec_));
}

TEST_F(LedgerTest, RemoveRefusesWhatItCannotTell) {
  for (int64_t seed = 1; seed <= 17; ++seed) test::record(ledger_, sample_spec("brands", seed), 60, 50);
  // Of seventeen ids two begin with the same of sixteen digits.
  std::map<char, int> starts;
  for (const RunRecord& record : ledger_.list()) ++starts[record.id[0]];
  for (const auto& [digit, count] : starts) {
    const std::string start(1, digit);
    if (count > 1) EXPECT_ERROR(ledger_.remove(start), "ids begin so");
  }
  EXPECT_ERROR(ledger_.remove("xyz"), "run xyz: is not in");
  EXPECT_ERROR(ledger_.remove(""), "`runner runs list` shows the ids");
  EXPECT_EQ(ledger_.list().size(), 17U);
}

TEST_F(LedgerTest, RemoveRefusesARunAtWork) {
  ledger_.claim(spec_);
  EXPECT_ERROR(ledger_.remove(id_), "is running it; end that first");
}

TEST_F(LedgerTest, ListFilters) {
  test::record(ledger_, sample_spec("brands", 1), 60, 50);
  test::record(ledger_, sample_spec("brands", 2), 61, 51);
  test::record(ledger_, sample_spec("office", 1, "cocoop"), 62, 52);
  test::record(ledger_, test::zero_shot_spec("office"), 63, 53);
  ledger_.claim(sample_spec("office", 3));
  EXPECT_EQ(ledger_.list().size(), 5U);
  EXPECT_EQ(ledger_.list({.datasets = {"brands"}}).size(), 2U);
  EXPECT_EQ(ledger_.list({.methods = {"cocoop", "clip_zeroshot"}}).size(), 2U);
  EXPECT_EQ(ledger_.list({.seeds = {2}}).size(), 2U) << "one run of seed 2 and one without training";
  EXPECT_EQ(ledger_.list({.shots = {4}}).size(), 1U) << "only the one without training";
  EXPECT_EQ(ledger_.list({.status = RunStatus::running}).size(), 1U);
  EXPECT_EQ(ledger_.list({.model = "6d6f"}).size(), 5U);
  EXPECT_TRUE(ledger_.list({.model = "ffff"}).empty());
  EXPECT_EQ(ledger_.scores({.datasets = {"brands"}, .seeds = {2}}).at(0).score.accuracy, 61);
  EXPECT_EQ(ledger_.list()[0].spec.method, "clip_zeroshot");
}

TEST_F(LedgerTest, TestsAreAddedToAFinishedRunAndChangeNothingElse) {
  RunOutcome first = sample_outcome("brands", 60, 50);
  first.execution.seconds = {{"training", 12.0}, {"evaluation", 1.0}};
  ledger_.claim(spec_);
  test::finish(ledger_, id_, first);

  ASSERT_TRUE(ledger_.claim(spec_, Redo::yes));
  RunOutcome more;
  more.scores = {test::sample_score("office", "all", 30), test::sample_score("brands", "new", 51)};
  more.refusals = {{"places", "all", "has no vectors"}};
  more.execution = first.execution;
  more.execution.seconds = {{"evaluation", 2.0}};
  ledger_.add_tests(id_, more);

  EXPECT_EQ(test::status_of(ledger_, id_), RunStatus::done);
  const RunOutcome read = ledger_.outcome(id_);
  ASSERT_EQ(read.scores.size(), 3u);
  EXPECT_EQ(read.scores[1].accuracy, 51)
      << "a test that is made once more takes the place of the earlier one";
  EXPECT_EQ(read.scores[2].dataset, "office");
  EXPECT_EQ(read.refusals.size(), 1u);
  EXPECT_EQ(read.epochs.size(), 2u);
  EXPECT_EQ(read.state_hash, hash_of_state(test::sample_state()));
  EXPECT_EQ(read.execution.seconds, first.execution.seconds) << "of the attempt that trained";
}

TEST_F(LedgerTest, WhatIsMeasuredReadsBack) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  test::add_measurements(outcome, "brands", "base", 58.25, 100.0 / 3);
  ledger_.claim(spec_);
  test::finish(ledger_, id_, outcome);
  const RunOutcome read = Ledger::open_existing(ledger_.path()).outcome(id_);
  ASSERT_EQ(read.measurements.size(), 4U);
  for (const Measurement& measurement : read.measurements) {
    const auto written = std::ranges::find(outcome.measurements, measurement.name, &Measurement::name);
    ASSERT_NE(written, outcome.measurements.end()) << measurement.name;
    EXPECT_EQ(measurement.dataset, "brands");
    EXPECT_EQ(measurement.class_set, "base");
    EXPECT_EQ(measurement.value, written->value);
  }
  ASSERT_EQ(read.reliabilities.size(), 1U);
  EXPECT_EQ(read.reliabilities[0].bins, outcome.reliabilities[0].bins);
  EXPECT_EQ(ledger_.measurements({.methods = {"coop"}}).size(), 4U);
  EXPECT_TRUE(ledger_.measurements({.methods = {"cocoop"}}).empty());
  EXPECT_EQ(ledger_.reliabilities().at(0).run, id_);
}

TEST_F(LedgerTest, WhatIsMeasuredGoesWithTheScoreOfItsTest) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  for (const char* class_set : {"base", "new"}) test::add_measurements(outcome, "brands", class_set, 58, 40);
  ledger_.claim(spec_);
  test::finish(ledger_, id_, outcome);

  RunOutcome again;
  again.scores = {test::sample_score("brands", "base", 61)};
  again.refusals = {{"brands", "new", "has no weights"}};
  ledger_.claim(spec_, Redo::yes);
  ledger_.add_tests(id_, again);
  EXPECT_TRUE(ledger_.measurements().empty()) << "of a test made once more, and of one that is refused now";
  EXPECT_TRUE(ledger_.reliabilities().empty());

  ledger_.claim(spec_, Redo::yes);
  test::finish(ledger_, id_, outcome);
  EXPECT_EQ(ledger_.reliabilities().size(), 2U);
  ledger_.remove(id_);
  EXPECT_TRUE(ledger_.measurements().empty());
}

TEST_F(LedgerTest, WhatIsTrackedGoesWithTheTraining) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  outcome.tracked = {{9, "new", 50}, {0, "new", 52.5}, {0, "base", 40}, {9, "base", 60}};
  ledger_.claim(spec_);
  test::finish(ledger_, id_, outcome);
  const std::vector<TrackedAccuracy> read = Ledger::open_existing(ledger_.path()).outcome(id_).tracked;
  ASSERT_EQ(read.size(), 4U);
  EXPECT_EQ(read[0].class_set, "base");
  EXPECT_EQ(read[1].accuracy, 52.5);
  EXPECT_EQ(read[3].epoch, 9);

  RunOutcome tests;
  tests.scores = {test::sample_score("brands", "base", 61)};
  ledger_.claim(spec_, Redo::yes);
  ledger_.add_tests(id_, tests);
  EXPECT_EQ(ledger_.tracked({.methods = {"coop"}}).size(), 4U) << "tests leave the training as it was";
  EXPECT_TRUE(ledger_.tracked({.methods = {"cocoop"}}).empty());

  ledger_.claim(spec_, Redo::yes);
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  EXPECT_TRUE(ledger_.tracked().empty()) << "another training, of which nothing was tracked";
}

TEST_F(LedgerTest, AClassSetHasAScoreOrARefusalAndNeverBoth) {
  ledger_.claim(spec_);
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  RunOutcome refused;
  refused.refusals = {{"brands", "new", "has no weights"}};
  ledger_.claim(spec_, Redo::yes);
  ledger_.add_tests(id_, refused);
  EXPECT_EQ(ledger_.scores().size(), 1u);
  RunOutcome served;
  served.scores = {test::sample_score("brands", "new", 40)};
  ledger_.claim(spec_, Redo::yes);
  ledger_.add_tests(id_, served);
  EXPECT_EQ(ledger_.scores().size(), 2u);
  EXPECT_TRUE(ledger_.refusals().empty());
}

TEST_F(LedgerTest, AShortfallIsTheErrorOfARunThatIsDone) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  outcome.shortfall = "all of office: a picture is missing";
  ledger_.claim(spec_);
  test::finish(ledger_, id_, outcome);
  const RunRecord run = ledger_.find(id_);
  EXPECT_EQ(run.status, RunStatus::done);
  EXPECT_EQ(run.error, "all of office: a picture is missing");
}

TEST_F(LedgerTest, KnowsWhichProtocolsAskedForARun) {
  ledger_.ask("few-shot", {id_});  // nothing happens: the run is not there yet
  ledger_.claim(spec_);
  ledger_.ask("few-shot", {id_});
  ledger_.ask("base-new", {id_});
  ledger_.ask("few-shot", {id_});
  EXPECT_EQ(ledger_.find(id_).protocols, (std::vector<Protocol>{Protocol::base_new, Protocol::few_shot}));
  EXPECT_EQ(ledger_.list({.protocol = "few-shot"}).size(), 1u);
  EXPECT_TRUE(ledger_.list({.protocol = "domain"}).empty());
}

TEST_F(LedgerTest, KeepsHowManyNumbersWereLearned) {
  RunOutcome outcome = sample_outcome("brands", 60, 50);
  outcome.parameters = ParameterCount{.all = 35'360, .without_biases = 34'816};
  ledger_.claim(spec_);
  EXPECT_FALSE(ledger_.find(id_).parameters.has_value());
  test::finish(ledger_, id_, outcome);
  ASSERT_TRUE(ledger_.find(id_).parameters.has_value());
  EXPECT_EQ(ledger_.find(id_).parameters->all, 35'360);
  EXPECT_EQ(ledger_.find(id_).parameters->without_biases, 34'816);
}

TEST_F(LedgerTest, FindsARunByTheBeginningOfItsId) {
  ledger_.claim(spec_);
  EXPECT_EQ(ledger_.find(id_.substr(0, 6)).id, id_);
  EXPECT_ERROR(ledger_.find("xyz"), "run xyz: is not in");
}

TEST_F(LedgerTest, KnowsModelsByTheirLastName) {
  ledger_.describe({"f1", "ViT-B-16.pt", "ViT-B/16"});
  ledger_.describe({"f1", "ViT-B-16", "ViT-B/16"});
  ASSERT_EQ(ledger_.models().size(), 1u);
  EXPECT_EQ(ledger_.models()[0].name, "ViT-B-16");
}

TEST_F(LedgerTest, TheOrderOfEndsIsTheirOwnAndNotTheClocks) {
  const RunSpec other = sample_spec("office");
  EXPECT_TRUE(ledger_.claim(spec_));
  EXPECT_EQ(ledger_.find(id_).sequence, 0);
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  test::record(ledger_, other, 40, 30);
  EXPECT_GT(ledger_.find(other.id()).sequence, ledger_.find(id_).sequence);
  ledger_.claim(spec_, Redo::yes);
  test::finish(ledger_, id_, sample_outcome("brands", 61, 51));
  EXPECT_GT(ledger_.find(id_).sequence, ledger_.find(other.id()).sequence) << "it was made again";
  ledger_.claim(other, Redo::yes);
  ledger_.fail(other.id(), "no luck");
  EXPECT_GT(ledger_.find(id_).sequence, ledger_.find(other.id()).sequence) << "its result is the earlier one";
}

TEST_F(LedgerTest, KnowsWhatWasTrainedWhateverBecomesOfTheTests) {
  ledger_.claim(spec_);
  ledger_.fail(id_, "no luck");
  EXPECT_FALSE(ledger_.find(id_).kept_state) << "it has ended, but was not trained";
  ledger_.claim(spec_);
  ledger_.keep_training(id_, sample_outcome("brands", 60, 50));
  EXPECT_EQ(ledger_.find(id_).kept_state, hash_of_state(test::sample_state()));
  EXPECT_EQ(ledger_.state(id_)->kept_state, hash_of_state(test::sample_state()));
}

TEST_F(LedgerTest, ATrainingIsKeptOnlyIfItsFilesAreInPlace) {
  ledger_.claim(spec_);
  const RunOutcome outcome = sample_outcome("brands", 60, 50);
  EXPECT_ERROR(ledger_.keep_training(id_, outcome, [] { throw Error("the disk is full"); }), "disk is full");
  EXPECT_FALSE(ledger_.find(id_).kept_state);
  bool published = false;
  ledger_.keep_training(id_, outcome, [&] { published = true; });
  EXPECT_TRUE(published);
  EXPECT_ERROR(ledger_.keep_training(sample_spec("office").id(), outcome, [] { FAIL() << "not its run"; }),
               "was deleted or taken over while it ran");
}

TEST_F(LedgerTest, GivesUpAClaimOfWhomNobodyCanSee) {
  EXPECT_ERROR(ledger_.give_up(id_), "is not in");
  ledger_.claim(spec_);
  EXPECT_FALSE(ledger_.find(id_).claimed.empty());
  EXPECT_ERROR(ledger_.give_up(id_), "is running it; end that first");
  {
    SQLite::Database database(ledger_.path().string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE run SET host = 'a vanished one'");
  }
  EXPECT_FALSE(ledger_.claim(spec_)) << "it may live";
  EXPECT_EQ(ledger_.give_up(id_.substr(0, 8)), id_);
  EXPECT_TRUE(ledger_.claim(spec_));
  test::finish(ledger_, id_, sample_outcome("brands", 60, 50));
  EXPECT_ERROR(ledger_.give_up(id_), "no process has it");
}

}  // namespace
}  // namespace promptbed
