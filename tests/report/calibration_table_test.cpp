#include <gtest/gtest.h>

#include "report/figures/grid_figures.h"
#include "report/grid/accuracy_tables.h"
#include "report/made_runs.h"
#include "report/tables.h"
#include "report/texts.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Texts = std::vector<std::string>;

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

class CalibrationTable : public ::testing::Test {
 protected:
  void record(const RunSpec& spec, const RunOutcome& outcome) {
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  /// Records a run of 60 % on base and 50 % on new, with these confidences.
  void add(const RunSpec& spec, double on_base, double on_new) {
    RunOutcome outcome = test::sample_outcome(spec.dataset, 60, 50);
    test::add_measurements(outcome, spec.dataset, "base", 58, on_base);
    test::add_measurements(outcome, spec.dataset, "new", 48, on_new);
    record(spec, outcome);
  }

  Report report() {
    return calibration_report(
        make_grid(Snapshot(ledger_), {}, Protocol::base_new, {}, calibration_measures()));
  }

  Figure figure() {
    Looks looks;
    return reliability_figure(Snapshot(ledger_), {}, looks);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(CalibrationTable, HasConfidencesAndErrorsOnBaseAndOnNew) {
  add(test::sample_spec("brands", 1), 60, 80);
  add(test::sample_spec("brands", 2), 64, 80);
  const Report made = report();
  EXPECT_EQ(made.table.title, "Calibration (%), 16 shots, mean over seeds 1, 2");
  ASSERT_EQ(made.table.rows.size(), 2u);
  EXPECT_EQ(test::texts(made.table.rows[1]), (Texts{"brands", "coop", "60.00", "62.00", "31.00", "15.50",
                                                    "50.00", "80.00", "40.00", "20.00"}));
  EXPECT_EQ(made.table.columns[2].group, "Base");
  EXPECT_EQ(made.table.columns[6].group, "New");
  ASSERT_EQ(made.records.rows.size(), 4u) << "base and new of the average and of the dataset";
  ASSERT_EQ(made.records.columns.size(), made.records.rows[2].size());
  EXPECT_EQ(test::texts(made.records.rows[2]),
            (Texts{"brands", "coop", "", "base", "60", "62", "31", "15.5", "1", "1 2", "16", "true", ""}));
}

TEST_F(CalibrationTable, MarksNothingAsBest) {
  add(test::sample_spec("brands"), 60, 80);
  add(test::zero_shot_spec("brands"), 50, 40);
  for (const auto& row : report().table.rows) {
    for (const Cell& cell : row) EXPECT_FALSE(cell.best) << "the greatest error is not the best one";
  }
}

TEST_F(CalibrationTable, SaysWhichMethodsHaveNoProbabilities) {
  RunOutcome outcome = test::sample_outcome("brands", 60, 50);
  for (const char* class_set : {"base", "new"})
    outcome.measurements.push_back({"brands", class_set, measured::kPerClass, 50});
  record(test::sample_spec("brands", 1, "cache"), outcome);
  const Report made = report();
  for (const auto& row : made.table.rows) {
    EXPECT_EQ(test::texts(row), (Texts{row[0].text, "cache", "60.00", "cannot", "cannot", "cannot", "50.00",
                                       "cannot", "cannot", "cannot"}));
  }
  EXPECT_EQ(made.table.notes, (Texts{"cannot: cache: its scores are no probabilities"}));
  EXPECT_TRUE(figure().panels.empty());
}

TEST_F(CalibrationTable, LeavesOutWhatAnEarlierVersionDidNotMeasure) {
  record(test::sample_spec("brands"), test::sample_outcome("brands", 60, 50));
  const Report made = report();
  EXPECT_EQ(test::texts(made.table.rows[1]),
            (Texts{"brands", "coop", "60.00", "-", "-", "-", "50.00", "-", "-", "-"}));
  EXPECT_EQ(made.table.notes.back().substr(0, 35), "2 tests by an earlier version, whic");
  EXPECT_FALSE(has_rows(table_kind("calibration"), Snapshot(ledger_), {})) << "of a page";
}

TEST_F(CalibrationTable, ItsFigureHoldsAllRunsOfASeriesBinByBin) {
  add(test::sample_spec("brands", 1), 60, 80);
  add(test::sample_spec("office", 2), 60, 80);
  const Figure drawn = figure();
  ASSERT_EQ(drawn.panels.size(), 2u);
  EXPECT_EQ(drawn.panels[0].title, "Base classes");
  ASSERT_EQ(drawn.panels[0].traces.size(), 2u) << "where both agree, and the method";
  const Trace& coop = drawn.panels[0].traces[1];
  ASSERT_EQ(coop.data.size(), 1u) << "the other bin is empty";
  EXPECT_DOUBLE_EQ(coop.data[0].x, 15);
  EXPECT_DOUBLE_EQ(coop.data[0].y, 25);
  EXPECT_EQ(coop.data[0].text, "coop: 25.0 % of 8 images right, 15.0 % sure");
  EXPECT_EQ(legend_of(drawn).size(), 1u);
}

TEST_F(CalibrationTable, IsMadeByItsName) {
  add(test::sample_spec("brands"), 60, 80);
  const ReportSources sources(ledger_, kSuites);
  Looks looks;
  const Exhibit exhibit = make_exhibit(sources, {.kind = &table_kind("calibration")}, &looks);
  EXPECT_EQ(exhibit.figures.size(), 1u);
  EXPECT_TRUE(has_rows(table_kind("calibration"), sources.snapshot, {}));
}

}  // namespace
}  // namespace promptbed
