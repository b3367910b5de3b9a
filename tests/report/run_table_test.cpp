#include "report/grid/run_table.h"

#include <gtest/gtest.h>

#include "report/made_runs.h"
#include "report/texts.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::sample_spec;
using Texts = std::vector<std::string>;

class RunTableTest : public ::testing::Test {
 protected:
  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(RunTableTest, HasARowARun) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  test::record(ledger_, test::zero_shot_spec("brands"), 62, 52);
  const auto rows = test::texts(run_report(ledger_, {}).table.rows);
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
  EXPECT_EQ(run_report(ledger_, {}).table.rows.at(0).at(8).text, "70.00");
}

TEST_F(RunTableTest, FailuresTellWhy) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  ledger_.claim(sample_spec("office"));
  ledger_.fail(sample_spec("office").id(), "office: out of paper");
  const Table failures = failure_report(ledger_, {}).table;
  EXPECT_EQ(failures.title, "1 run with a failure");
  EXPECT_EQ(test::texts(failures.rows),
            (std::vector<Texts>{{sample_spec("office").id(), "coop", "office", "16", "1", "failed", "1",
                                 "office: out of paper"}}));
}

TEST_F(RunTableTest, NoFailureIsAnEmptyTable) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  EXPECT_EQ(failure_report(ledger_, {}).table.title, "0 runs with a failure");
}

TEST_F(RunTableTest, AnEmptyLedgerIsAnError) {
  EXPECT_ERROR(run_report(ledger_, {}), "ledger.db: holds no run; run `runner sweep` first");
  test::record(ledger_, sample_spec("brands"), 60, 50);
  EXPECT_ERROR(failure_report(ledger_, {.methods = {"kgcoop"}}),
               "ledger.db: holds no run with these choices; leave some out");
}

}  // namespace
}  // namespace promptbed
