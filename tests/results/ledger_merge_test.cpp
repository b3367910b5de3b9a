#include "results/ledger_merge.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "base/files.h"
#include "results/dataset_places.h"
#include "results/ledger_check.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::sample_outcome;
using test::sample_spec;
using test::zero_shot_spec;

/// Two ledgers in folders of their own, "a/runs.db" and "b/runs.db".
class LedgerMerge : public ::testing::Test {
 protected:
  void record(const fs::path& path, const RunSpec& spec, double base, double new_) const {
    Ledger ledger(path);
    test::record(ledger, spec, base, new_);
    if (!spec.classes.empty()) test::write_sample_prompt(path, spec);
    write_file(log_path(path, spec.id()), "log of " + spec.id());
  }

  static void change(const fs::path& path, const std::string& sql) {
    SQLite::Database(path.string(), SQLite::OPEN_READWRITE).exec(sql);
  }

  static std::vector<double> accuracies(const fs::path& path, const RunSpec& spec) {
    std::vector<double> found;
    for (const Score& score : Ledger::open_existing(path).outcome(spec.id()).scores)
      found.push_back(score.accuracy);
    return found;
  }

  test::ScratchFolder scratch_;
  fs::path a_ = scratch_ / "a/runs.db", b_ = scratch_ / "b/runs.db", c_ = scratch_ / "c/runs.db";
  RunSpec first_ = sample_spec("brands", 1), second_ = sample_spec("brands", 2);
};

TEST_F(LedgerMerge, TakesRunsWithAllThatBelongsToThem) {
  record(a_, first_, 60, 50);
  record(a_, zero_shot_spec(), 40, 45);
  Ledger(a_).describe({"6d6f64656c", "a model", "ViT-B/16"});
  record(b_, second_, 62, 52);
  EXPECT_EQ(merge_ledger(a_, c_).taken, 2);
  EXPECT_EQ(merge_ledger(b_, c_).taken, 1);
  EXPECT_EQ(check_ledger(c_), std::vector<std::string>()) << "seals, prompts, logs";
  const Ledger merged = Ledger::open_existing(c_);
  ASSERT_EQ(merged.list().size(), 3U);
  EXPECT_EQ(accuracies(c_, first_), (std::vector<double>{60, 50}));
  EXPECT_EQ(merged.outcome(second_.id()).epochs.size(), 2U);
  EXPECT_EQ(merged.outcome(second_.id()).execution.host, "bench");
  EXPECT_EQ(merged.list({.protocol = "base-new"}).size(), 3U);
  EXPECT_EQ(merged.models().size(), 1U);
  EXPECT_EQ(merged.find(second_.id()).sequence, 3) << "behind what was merged before";
  EXPECT_EQ(read_file(prompt_path(c_, first_.id())), read_file(prompt_path(a_, first_.id())));
  EXPECT_EQ(read_file(log_path(c_, first_.id())), "log of " + first_.id());
}

TEST_F(LedgerMerge, ChangesNothingTheSecondTime) {
  record(a_, first_, 60, 50);
  merge_ledger(a_, c_);
  const std::string before = read_file(c_);
  const MergeSummary again = merge_ledger(a_, c_);
  EXPECT_EQ(again.taken, 0);
  EXPECT_EQ(again.present, 1);
  EXPECT_EQ(read_file(c_), before);
  EXPECT_EQ(Ledger::open_existing(c_).find(first_.id()).attempts, 1);
  SQLite::Database database(c_.string());
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM execution").getInt(), 1);
}

TEST_F(LedgerMerge, JoinsTestsThatOneOfThemLacks) {
  record(a_, first_, 60, 50);
  record(b_, first_, 60, 50);
  {
    Ledger ledger(b_);
    ASSERT_TRUE(ledger.claim(first_, Redo::yes, {}, "cross-dataset"));
    RunOutcome more;
    more.scores = {test::sample_score("office", "all", 30)};
    more.execution = sample_outcome("brands", 60, 50).execution;
    more.execution.host = "another";
    test::add_measurements(more, "office", "all", 29, 55);
    ledger.add_tests(first_.id(), more);
  }
  const MergeSummary summary = merge_ledger(b_, a_);
  EXPECT_EQ(summary.joined, 1);
  const Ledger merged = Ledger::open_existing(a_);
  EXPECT_EQ(accuracies(a_, first_), (std::vector<double>{60, 50, 30}));
  EXPECT_EQ(merged.measurements().size(), 4U);
  EXPECT_EQ(merged.list({.protocol = "cross-dataset"}).size(), 1U);
  EXPECT_EQ(merged.find(first_.id()).attempts, 2);
  EXPECT_EQ(check_ledger(a_), std::vector<std::string>());
}

TEST_F(LedgerMerge, RefusesOtherNumbersForTheSameRun) {
  record(a_, first_, 60, 50);
  record(b_, first_, 61, 50);
  record(b_, second_, 61, 50);
  EXPECT_ERROR(
      merge_ledger(b_, a_),
      b_.string() + " and " + a_.string() + " cannot be merged: run " + first_.id() +
          " (coop on brands, 16 shots, seed 1): on base of brands they have other results; delete the "
          "wrong one (`runner runs delete ID --db LEDGER`)");
  EXPECT_EQ(Ledger::open_existing(a_).list().size(), 1U) << "nothing is merged";
  EXPECT_FALSE(fs::exists(prompt_path(a_, second_.id())));
}

TEST_F(LedgerMerge, RefusesAnotherTrainedStateOfTheSameRun) {
  record(a_, first_, 60, 50);
  {
    Ledger ledger(b_);
    ledger.claim(first_);
    RunOutcome other = sample_outcome("brands", 60, 50);
    other.state_hash = "another";
    test::finish(ledger, first_.id(), other);
  }
  EXPECT_ERROR(merge_ledger(b_, a_), "seed 1): other states were trained, another and ");
}

TEST_F(LedgerMerge, TakesWhatIsFinishedThereAndFailedHere) {
  record(a_, first_, 60, 50);
  {
    Ledger ledger(b_);
    ledger.claim(first_, Redo::no, {}, "few-shot");
    ledger.fail(first_.id(), "no memory");
  }
  EXPECT_EQ(merge_ledger(b_, a_).present, 1) << "a failure adds nothing to a finished run";
  EXPECT_EQ(merge_ledger(a_, b_).taken, 1);
  const RunRecord merged = Ledger::open_existing(b_).find(first_.id());
  EXPECT_EQ(merged.status, RunStatus::done);
  EXPECT_EQ(merged.protocols.size(), 2U) << "it was asked for here, too";
}

TEST_F(LedgerMerge, LeavesOutWhatIsRunning) {
  Ledger ledger(a_);
  ledger.claim(first_);
  EXPECT_EQ(merge_ledger(a_, c_).running, 1);
  EXPECT_TRUE(Ledger::open_existing(c_).list().empty());
}

TEST_F(LedgerMerge, TakesATrainedRunWithoutTheClaimOnIt) {
  record(a_, first_, 60, 50);
  Ledger ledger(a_);
  ASSERT_TRUE(ledger.claim(first_, Redo::yes)) << "for more tests";
  EXPECT_EQ(merge_ledger(a_, c_).taken, 1);
  const RunRecord merged = Ledger::open_existing(c_).find(first_.id());
  EXPECT_EQ(merged.status, RunStatus::done);
  EXPECT_FALSE(merged.owner);
}

TEST_F(LedgerMerge, SharesFilesWithALedgerOfTheSameFolder) {
  const fs::path beside = scratch_ / "a/all.db";
  record(a_, first_, 60, 50);
  EXPECT_EQ(merge_ledger(a_, beside).taken, 1);
  EXPECT_EQ(check_ledger(beside), std::vector<std::string>());
}

TEST_F(LedgerMerge, RefusesAnotherPromptInTheSamePlace) {
  record(a_, first_, 60, 50);
  write_file(prompt_path(c_, first_.id()), "something else");
  EXPECT_ERROR(merge_ledger(a_, c_), "; delete it or restore it, and merge again");
}

TEST_F(LedgerMerge, BringsWhereDatasetsLie) {
  record(a_, first_, 60, 50);
  std::ostringstream log;
  keep_places(a_, {{"birds", "split", "/data/birds"}}, log);
  merge_ledger(a_, c_);
  EXPECT_EQ(find_place(c_, "birds", "split"), fs::path("/data/birds"));

  keep_places(c_, {{"birds", "split", "/here/birds"}}, log);
  merge_ledger(a_, c_);
  EXPECT_EQ(find_place(c_, "birds", "split"), fs::path("/here/birds")) << "known here already";
}

TEST_F(LedgerMerge, NotesAPromptThatIsGone) {
  record(a_, first_, 60, 50);
  fs::remove(prompt_path(a_, first_.id()));
  const MergeSummary summary = merge_ledger(a_, c_);
  EXPECT_EQ(summary.taken, 1);
  ASSERT_EQ(summary.notes.size(), 1U);
  EXPECT_NE(summary.notes[0].find("its run comes along without it"), std::string::npos) << summary.notes[0];
}

TEST_F(LedgerMerge, RefusesDamagedRowsAndItself) {
  record(a_, first_, 60, 50);
  change(a_, "UPDATE score SET accuracy = 99 WHERE class_set = 'base'");
  EXPECT_ERROR(merge_ledger(a_, c_), "accuracy 99, but 120 of 200 images are 60");
  EXPECT_ERROR(merge_ledger(a_, a_), a_.string() + ": is the ledger to merge into; name the others");
  EXPECT_ERROR(merge_ledger(scratch_ / "none.db", c_), "none.db");
}

}  // namespace
}  // namespace promptbed
