#include <gtest/gtest.h>

#include "report/figures/grid_figures.h"
#include "report/grid/courses.h"
#include "report/tables.h"
#include "report/texts.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Texts = std::vector<std::string>;

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

class ByEpochTable : public ::testing::Test {
 protected:
  /// Records a run whose prompt was tested after epochs 10 and 20.
  void add(const RunSpec& spec, const std::vector<double>& base, const std::vector<double>& on_new) {
    RunOutcome outcome = test::sample_outcome(spec.dataset, 60, 50);
    for (size_t i = 0; i < base.size(); ++i)
      outcome.tracked.push_back({static_cast<int64_t>(10 * i + 9), "base", base[i]});
    for (size_t i = 0; i < on_new.size(); ++i)
      outcome.tracked.push_back({static_cast<int64_t>(10 * i + 9), "new", on_new[i]});
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  Courses courses(const ReportQuery& query = {}) { return courses_of(Snapshot(ledger_), query); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(ByEpochTable, HasAveragesOverDatasetsOfMeansOverSeeds) {
  add(test::sample_spec("brands", 1), {40, 60}, {50, 30});
  add(test::sample_spec("brands", 2), {44, 64}, {50, 34});
  add(test::sample_spec("office", 1), {60, 80}, {40, 20});
  add(test::sample_spec("office", 2), {60, 80}, {40, 20});
  const Report made = courses().report();
  EXPECT_EQ(made.table.title, "Base and new accuracy by epoch (%), 16 shots, mean over seeds 1, 2");
  ASSERT_EQ(made.table.rows.size(), 2u);
  EXPECT_EQ(test::texts(made.table.rows[0]), (Texts{"coop", "10", "51.00", "45.00", "47.81"}));
  EXPECT_EQ(test::texts(made.table.rows[1]), (Texts{"coop", "20", "71.00", "26.00", "38.06"}));
  ASSERT_EQ(made.records.columns.size(), made.records.rows[0].size());
  EXPECT_EQ(made.records.rows[1][3].number(), 71);
  EXPECT_EQ(made.records.rows[1][6].number(), 1) << "deviation of the seeds' averages, 70 and 72";
}

TEST_F(ByEpochTable, ShowsTheEpochsThatAllRunsHave) {
  add(test::sample_spec("brands", 1), {40, 60}, {50, 30});
  add(test::sample_spec("brands", 2), {42}, {48});
  const Courses made = courses();
  ASSERT_EQ(made.all.at(0).stages.size(), 1u);
  EXPECT_DOUBLE_EQ(*made.all[0].stages[0].base.mean, 41);
}

TEST_F(ByEpochTable, AMethodThatServesNoNewClassesHasItsBaseClasses) {
  add(test::sample_spec("brands", 1), {40, 60}, {});
  const Report made = courses().report();
  EXPECT_EQ(test::texts(made.table.rows.at(1)), (Texts{"coop", "20", "60.00", "-", "-"}));
}

TEST_F(ByEpochTable, SaysWhatWasNotTracked) {
  test::record(ledger_, test::sample_spec("brands", 2), 60, 50);
  EXPECT_ERROR(courses(), "ledger.db: has no accuracies by epoch of these runs; sweep with --track-new");
  EXPECT_FALSE(has_rows(table_kind("by-epoch"), Snapshot(ledger_), {})) << "of a page";
  add(test::sample_spec("brands", 1), {40}, {50});
  EXPECT_EQ(courses().notes, Texts{"coop: 1 run trained without --track-new"});
}

TEST_F(ByEpochTable, IsDrawnSolidOnBaseAndDashedOnNew) {
  add(test::sample_spec("brands", 1), {40, 60}, {50, 30});
  add(test::sample_spec("brands", 1, "cocoop"), {30, 35}, {55, 54});
  Looks looks;
  const ReportSources sources(ledger_, kSuites);
  EXPECT_TRUE(has_rows(table_kind("by-epoch"), sources.snapshot, {}));
  const Exhibit exhibit = make_exhibit(sources, {.kind = &table_kind("by-epoch")}, &looks);
  const Figure& drawn = exhibit.figures.at(0);
  ASSERT_EQ(drawn.panels.size(), 2u) << "one for each method";
  EXPECT_EQ(drawn.panels[0].title, "coop");
  const std::vector<Trace>& traces = drawn.panels[0].traces;
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_EQ(traces[0].mark, Mark::curve);
  EXPECT_EQ(traces[0].name, "base (solid)");
  EXPECT_EQ(traces[1].mark, Mark::level);
  EXPECT_EQ(traces[1].name, "new (dashed)");
  EXPECT_EQ(traces[1].data.at(1).x, 20);
  EXPECT_EQ(traces[1].data.at(1).y, 30);
  EXPECT_EQ(traces[1].data.at(1).text, "coop: 30.00 % on new after epoch 20");
  EXPECT_EQ(drawn.panels[0].y.most, drawn.panels[1].y.most) << "to one scale";
}

}  // namespace
}  // namespace promptbed
