#include "report/page/make_page.h"

#include <gtest/gtest.h>

#include "report/made_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";

using Texts = std::vector<std::string>;

/// Pages of a ledger with base-new and few-shot runs at 4 and 8 shots.
class MakePage : public ::testing::Test {
 protected:
  MakePage() {
    for (const int64_t shots : {4, 8}) {
      RunSpec spec = test::sample_spec("brands");
      spec.shots = shots;
      test::record(ledger_, spec, 60, 50, {shots, shots});
      test::record_all(ledger_, "few-shot", test::all_classes_spec("brands", 1, shots), 55);
    }
  }

  Page page(const PageRequest& request) { return make_page(ReportSources(ledger_, kSuites), request); }
  Page page(const ReportQuery& query) { return page({.table = {.kind = nullptr, .query = query}}); }

  static Texts ids_of(const Page& page) {
    Texts ids;
    for (const PageSection& section : page.sections) ids.push_back(section.id);
    return ids;
  }

  /// Leaves an error with a run that is done: a test that could not be made.
  void fail_a_test_of_a_finished_run() {
    const RunSpec spec = test::all_classes_spec("brands", 1, 4);
    ledger_.claim(spec, Redo::yes);
    ledger_.fail(spec.id(), "office: out of paper");
    ASSERT_EQ(test::status_of(ledger_, spec.id()), RunStatus::done);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(MakePage, ATableThatCannotBeMadeIsLeftOutAndSaysWhy) {
  const Page made = page({.shots = {4, 8}});
  EXPECT_EQ(ids_of(made), (Texts{"few-shot", "efficiency", "runs"})) << "no cross-dataset: it has no runs";
  ASSERT_EQ(made.left_out.size(), 2U);
  EXPECT_EQ(made.left_out[0].heading, "Base to new");
  EXPECT_EQ(made.left_out[0].reason, "--shots 4,8: this table is of one number of shots; choose one");
  EXPECT_EQ(made.left_out[1].heading, "Learned parameters");
}

TEST_F(MakePage, NothingIsLeftOutIfAllCanBeMadeAndNothingFailed) {
  const Page made = page({.shots = {4}});
  EXPECT_EQ(ids_of(made), (Texts{"base-new", "few-shot", "ablation", "efficiency", "runs"}));
  EXPECT_TRUE(made.left_out.empty());
  EXPECT_EQ(made.highlights.back().of, "none failed");
}

TEST_F(MakePage, AnOptionThatNoTableCanFollowIsAnError) {
  EXPECT_ERROR(page({.table = {.kind = nullptr, .query = {.shots = {4}}, .versus = "nonesuch"}}), "nonesuch");
  EXPECT_ERROR(page({.table = {.kind = nullptr, .query = {.shots = {4, 8}}, .versus = "coop"}}),
               "--shots 4,8");
}

TEST_F(MakePage, ATableThatIsNamedIsMadeOrIsAnError) {
  const auto named = [&](std::vector<int64_t> shots) {
    return page({.table = {.kind = &table_kind("base-new"), .query = {.shots = std::move(shots)}},
                 .names_table = true});
  };
  EXPECT_EQ(ids_of(named({4})), Texts{"base-new"});
  EXPECT_ERROR(named({4, 8}), "--shots 4,8: this table is of one number of shots");
}

TEST_F(MakePage, FailuresIncludeThoseOfFinishedRuns) {
  fail_a_test_of_a_finished_run();
  const Page made = page({.shots = {4}});
  EXPECT_EQ(made.highlights.back().of, "1 with a failure");
  ASSERT_EQ(made.sections.back().id, "failures");
  EXPECT_EQ(made.sections.back().table->rows.at(0).back().text, "office: out of paper");
}

TEST_F(MakePage, DatasetsOfATransferTableAreItsTargets) {
  test::record_all(ledger_, "cross-dataset", test::all_classes_spec("office", 1, 4),
                   {{"office", 70}, {"brands", 30}});
  const Texts ids = ids_of(page({.datasets = {"brands"}, .shots = {4}}));
  EXPECT_EQ(std::ranges::count(ids, "cross-dataset"), 1);
}

}  // namespace
}  // namespace promptbed
