#include "report/tables.h"

#include <gtest/gtest.h>

#include "report/figures/grid_figures.h"
#include "report/made_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

class Tables : public ::testing::Test {
 protected:
  Exhibit make(const char* table, const ReportQuery& query = {}) {
    const ReportSources sources(ledger_, kSuites);
    return make_exhibit(sources, {.kind = &table_kind(table), .query = query});
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST(TableKinds, HaveNamesOfTheirOwnAndAWayToBeMade) {
  std::set<std::string_view> names;
  for (const TableKind& kind : table_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_NE(kind.make, nullptr) << kind.name;
    EXPECT_FALSE(kind.summary.empty() || kind.heading.empty() || kind.lead.empty()) << kind.name;
  }
}

TEST_F(Tables, OfRunsSayWhyThereIsNothingToShow) {
  EXPECT_ERROR(make("runs"), "ledger.db: holds no run; run `runner sweep` first");
  test::record(ledger_, test::sample_spec("brands"), 60, 50);
  EXPECT_ERROR(make("failures", {.methods = {"kgcoop"}}),
               "ledger.db: holds no run with --methods kgcoop; choose among coop");
}

TEST_F(Tables, HaveFiguresOnlyIfLooksAreGiven) {
  test::record(ledger_, test::sample_spec("brands"), 60, 50);
  const ReportSources sources(ledger_, kSuites);
  const TableRequest request{.kind = &table_kind("base-new")};
  EXPECT_TRUE(make_exhibit(sources, request).figures.empty());
  Looks looks;
  EXPECT_EQ(make_exhibit(sources, request, &looks).figures.size(), 1U);
}

TEST_F(Tables, APlotWithVersusIsOfTheGainsWhateverTheTable) {
  for (const char* protocol : {"few-shot", "cross-dataset"}) {
    Ledger ledger(scratch_ / protocol);
    test::record_all(ledger, protocol, test::zero_shot_spec("brands"), 50);
    test::record_all(ledger, protocol, test::all_classes_spec("brands"), 60);
    const ReportSources sources(ledger, kSuites);
    TableRequest request{.kind = &table_kind(protocol)};
    EXPECT_NE(make_plot(sources, request).id, kGains);
    request.versus = "clip_zeroshot";
    const Figure gains = make_plot(sources, request);
    EXPECT_EQ(gains.id, kGains);
    EXPECT_EQ(gains.title, "What is gained over clip_zeroshot");
  }
}

TEST_F(Tables, TestsOfOtherProtocolsChooseNoSuite) {
  const RunSpec spec = test::all_classes_spec("objects");
  test::record_all(ledger_, "few-shot", spec, {{"objects", 60}, {"media", 50}, {"objects_shift", 40}});
  ledger_.ask("cross-dataset", {spec.id()});
  const ReportSources sources(ledger_, kSuites);
  TableRequest request{.kind = &table_kind("few-shot")};
  choose_suite(request, sources, "pocket");
  EXPECT_EQ(request.query.datasets, (std::vector<std::string>{"objects"}));
  TableRequest transfer{.kind = &table_kind("cross-dataset")};
  choose_suite(transfer, sources, "pocket");
  EXPECT_EQ(transfer.query.datasets.size(), 2U) << "these are targets";
}

TEST_F(Tables, ASuiteKeepsItsDatasetsAndTheirOrder) {
  for (const char* dataset : {"objects", "media", "dtd"})
    test::record(ledger_, test::sample_spec(dataset), 60, 50);
  const ReportSources sources(ledger_, kSuites);
  TableRequest request{.kind = &table_kind("base-new")};
  choose_suite(request, sources, "pocket");
  EXPECT_EQ(request.query.datasets, (std::vector<std::string>{"media", "objects"}));
}

TEST_F(Tables, OfOneSuiteHaveToChooseAmongSeveral) {
  for (const char* dataset : {"objects", "dtd"}) test::record(ledger_, test::sample_spec(dataset), 60, 50);
  const ReportSources sources(ledger_, kSuites);
  TableRequest base_new{.kind = &table_kind("base-new")}, runs{.kind = &table_kind("runs")};
  EXPECT_ERROR(choose_suite(base_new, sources, {}),
               "ledger.db: has runs on the suites paper, pocket; choose one with --suite");
  choose_suite(runs, sources, {});
  EXPECT_EQ(runs.query.order, (std::vector<std::string>{"dtd", "objects"}));
}

}  // namespace
}  // namespace promptbed
