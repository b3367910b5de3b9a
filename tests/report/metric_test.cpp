#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/grid/accuracy_tables.h"
#include "report/made_runs.h"
#include "report/tables.h"
#include "report/texts.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using Texts = std::vector<std::string>;

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

/// A ledger of one run, of 60 % and 50 %, or 58 % and 48 % over the classes.
class ReportedMetrics : public ::testing::Test {
 protected:
  ReportedMetrics() {
    const RunSpec spec = test::sample_spec("brands");
    RunOutcome outcome = test::sample_outcome("brands", 60, 50);
    test::add_measurements(outcome, "brands", "base", 58, 70);
    test::add_measurements(outcome, "brands", "new", 48, 70);
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  Report make(const char* table, Metric metric, bool paper = false) {
    const ReportSources sources(ledger_, kSuites);
    return make_exhibit(sources, {.kind = &table_kind(table), .query = {.metric = metric}, .paper = paper})
        .report;
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(ReportedMetrics, TakeTheAccuraciesPlace) {
  const Report per_class = make("base-new", Metric::per_class), f1 = make("base-new", Metric::macro_f1);
  EXPECT_EQ(per_class.table.title, "Base-to-new mean per-class accuracy (%), 16 shots, mean over seed 1");
  EXPECT_EQ(test::texts(per_class.table.rows[1]), (Texts{"brands", "58.00", "48.00", "52.53"}));
  EXPECT_EQ(f1.table.title, "Base-to-new macro-F1 (%), 16 shots, mean over seed 1");
  EXPECT_EQ(test::texts(f1.table.rows[1]), (Texts{"brands", "59.00", "49.00", "53.54"}));
  EXPECT_EQ(make("ablation", Metric::per_class).table.columns[4].group, "Mean per-class accuracy");
}

TEST_F(ReportedMetrics, AreNamedInTheQuery) {
  EXPECT_EQ(to_json(ReportQuery{.metric = Metric::per_class}).at("metric"), "per-class");
  EXPECT_FALSE(to_json(ReportQuery{}).contains("metric"));
}

TEST_F(ReportedMetrics, AreRefusedWhereThereIsNoAccuracyToReplace) {
  EXPECT_ERROR(make("calibration", Metric::per_class),
               "--metric: goes with the tables base-new, few-shot, cross-dataset, domain, ablation, not with "
               "calibration");
  EXPECT_ERROR(make("base-new", Metric::per_class, /*paper=*/true),
               "--paper: published figures are accuracies; leave --metric out");
}

TEST_F(ReportedMetrics, OfEarlierRunsAreMissing) {
  test::record(ledger_, test::sample_spec("office"), 40, 30);
  const Report per_class = make("base-new", Metric::per_class);
  EXPECT_EQ(test::texts(per_class.table.rows[2]), (Texts{"office", "-", "-", "-"}));
  EXPECT_EQ(per_class.table.notes.back().substr(0, 35), "2 tests by an earlier version, whic");
}

}  // namespace
}  // namespace promptbed
