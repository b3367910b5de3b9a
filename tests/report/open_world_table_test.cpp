#include <gtest/gtest.h>

#include "report/grid/accuracy_tables.h"
#include "report/grid/versus.h"
#include "report/made_runs.h"
#include "report/texts.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Texts = std::vector<std::string>;

class OpenWorldTable : public ::testing::Test {
 protected:
  /// Records a run that was tested on base, on new and on both.
  void add(const RunSpec& spec, double on_union, double auroc, double openworld_auc) {
    RunOutcome outcome = test::sample_outcome(spec.dataset, 60, 50);
    outcome.scores.push_back(test::sample_score(spec.dataset, "all", on_union));
    outcome.measurements = {{spec.dataset, "all", measured::kAuroc, auroc},
                            {spec.dataset, "all", measured::kOpenWorldAuc, openworld_auc}};
    finish(spec, outcome);
  }

  void finish(const RunSpec& spec, const RunOutcome& outcome) {
    ledger_.claim(spec);
    ledger_.ask("open-world", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  Grid grid(Protocol protocol = Protocol::open_world) { return make_grid(Snapshot(ledger_), {}, protocol); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(OpenWorldTable, HasUnionAurocAndOpenworldAuc) {
  add(test::sample_spec("brands", 1), 40, 70, 30);
  add(test::sample_spec("brands", 2), 50, 72, 34);
  add(test::zero_shot_spec("brands"), 42, 65, 28);
  const Report report = open_world_report(grid());
  EXPECT_EQ(report.table.title, "Base and new classes together (%), 16 shots, mean over seeds 1, 2");
  ASSERT_EQ(report.table.rows.size(), 2u);
  EXPECT_EQ(test::texts(report.table.rows[1]),
            (Texts{"brands", "42.00", "65.00", "28.00", "45.00", "71.00", "32.00"}));
  EXPECT_EQ(report.table.columns[4].group, "coop");
  EXPECT_EQ(report.table.columns[6].title, "OpenworldAUC");
  ASSERT_EQ(report.records.columns.size(), report.records.rows[1].size());
  EXPECT_EQ(test::texts(report.records.rows[1]),
            (Texts{"brands", "coop", "", "45", "71", "32", "5", "1", "2", "1 2", "16", "true", ""}));
}

TEST_F(OpenWorldTable, SaysWhatAMethodCannotServe) {
  RunOutcome outcome = test::sample_outcome("brands", 60, 0);
  outcome.scores.pop_back();
  outcome.refusals = {{"brands", "all", "probe: has no weights"}};
  finish(test::sample_spec("brands", 1, "probe"), outcome);
  const Report report = open_world_report(grid());
  EXPECT_EQ(test::texts(report.table.rows), (std::vector<Texts>{{"Average", "cannot", "cannot", "cannot"},
                                                                {"brands", "cannot", "cannot", "cannot"}}));
  EXPECT_EQ(report.table.notes, (Texts{"cannot: probe: has no weights"}));
}

TEST_F(OpenWorldTable, SaysHowToMeasureWhatAnEarlierVersionTested) {
  RunOutcome outcome = test::sample_outcome("brands", 60, 50);
  outcome.scores.push_back(test::sample_score("brands", "all", 40));
  finish(test::sample_spec("brands"), outcome);
  const Report report = open_world_report(grid());
  EXPECT_EQ(test::texts(report.table.rows[1]), (Texts{"brands", "40.00", "-", "-"}));
  EXPECT_EQ(
      report.table.notes.back(),
      "1 test by an earlier version, which measured less; `runner sweep --remeasure` with the same options "
      "measures the rest without training");
}

TEST_F(OpenWorldTable, ItsRunsAreThoseOfBaseNewToo) {
  add(test::sample_spec("brands"), 40, 70, 30);
  EXPECT_EQ(test::texts(base_new_report(grid(Protocol::base_new)).table.rows[1]),
            (Texts{"brands", "60.00", "50.00", "54.55"}));
}

TEST_F(OpenWorldTable, ComparesMethods) {
  add(test::sample_spec("brands"), 40, 70, 30);
  add(test::zero_shot_spec("brands"), 42, 65, 28);
  const Report report = versus(grid(), "clip_zeroshot").report();
  EXPECT_EQ(report.table.title, "What is gained over clip_zeroshot (points), 16 shots, seed 1");
  EXPECT_EQ(test::texts(report.table.rows[1]), (Texts{"brands", "-2.00", "+5.00", "+2.00"}));
}

}  // namespace
}  // namespace promptbed
