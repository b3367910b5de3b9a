#include "report/grid/runs.h"

#include <gtest/gtest.h>

#include "report/made_runs.h"
#include "report/texts.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::sample_spec;
using Texts = std::vector<std::string>;

class RunTableTest : public ::testing::Test {
 protected:
  Table runs() {
    const Snapshot snapshot(ledger_);
    return run_report(runs_in(snapshot, {}, {})).table;
  }
  Table failures() {
    const Snapshot snapshot(ledger_);
    return failure_report(runs_in(snapshot, {}, {})).table;
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(RunTableTest, HasARowARun) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  test::record(ledger_, test::zero_shot_spec("brands"), 62, 52);
  const auto rows = test::texts(runs().rows);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(Texts(rows[0].begin(), rows[0].begin() + 9),
            (Texts{test::zero_shot_spec("brands").id(), "clip_zeroshot", "brands", "-", "-", "done", "62.00",
                   "52.00", "-"}));
  EXPECT_EQ(Texts(rows[1].begin(), rows[1].begin() + 9),
            (Texts{sample_spec("brands").id(), "coop", "brands", "16", "1", "done", "60.00", "50.00", "-"}));
}

TEST_F(RunTableTest, AccuraciesAreThoseOnTheRunsOwnDataset) {
  test::record_all(ledger_, "cross-dataset", test::all_classes_spec("brands"),
                   {{"brands", 70}, {"office", 30}});
  EXPECT_EQ(runs().rows.at(0).at(8).text, "70.00");
}

TEST_F(RunTableTest, FailuresSayWhy) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  ledger_.claim(sample_spec("office"));
  ledger_.fail(sample_spec("office").id(), "office: out of paper");
  const Table shown = failures();
  EXPECT_EQ(shown.title, "1 run with a failure");
  EXPECT_EQ(test::texts(shown.rows), (std::vector<Texts>{{sample_spec("office").id(), "coop", "office", "16",
                                                          "1", "failed", "1", "office: out of paper"}}));
}

TEST_F(RunTableTest, NoFailureIsAnEmptyTable) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  EXPECT_EQ(failures().title, "0 runs with a failure");
}

TEST_F(RunTableTest, NotesSayWhatWentWrong) {
  ledger_.claim(sample_spec("office"));
  ledger_.fail(sample_spec("office").id(), "office: out of paper");
  const Snapshot snapshot(ledger_);
  EXPECT_EQ(note_errors(runs_in(snapshot, {}, {})),
            (Texts{sample_spec("office").id() + ": office: out of paper"}));
}

}  // namespace
}  // namespace promptbed
