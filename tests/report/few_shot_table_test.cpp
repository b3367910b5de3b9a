#include <gtest/gtest.h>

#include "report/grid/accuracy_tables.h"
#include "report/grid/versus.h"
#include "report/made_runs.h"
#include "report/texts.h"
#include "support/expect_error.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

using test::all_classes_spec;
using test::record_all;
using test::zero_shot_spec;
using Texts = std::vector<std::string>;

class FewShotTableTest : public ::testing::Test {
 protected:
  void trained(const std::string& dataset, int64_t seed, int64_t shots, double accuracy) {
    record_all(ledger_, "few-shot", all_classes_spec(dataset, seed, shots), accuracy);
  }
  Grid grid(const ReportQuery& query = {}) { return make_grid(Snapshot(ledger_), query, Protocol::few_shot); }
  Report report(const ReportQuery& query = {}) { return few_shot_report(grid(query)); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(FewShotTableTest, HasASectionADatasetBelowTheAverages) {
  record_all(ledger_, "few-shot", zero_shot_spec("brands"), 50);
  record_all(ledger_, "few-shot", zero_shot_spec("office"), 54);
  for (const char* dataset : {"brands", "office"}) {
    trained(dataset, 1, 1, 40);
    trained(dataset, 1, 4, 60);
  }
  EXPECT_EQ(render_text(report().table),
            "Accuracy on all classes (%) by shots, mean over seed 1\n"
            "\n"
            "                             Shots\n"
            "Dataset  Method               1      4\n"
            "--------------------------------------\n"
            "Average  clip_zeroshot    52.00  52.00\n"
            "         coop             40.00  60.00\n"
            "\n"
            "brands   clip_zeroshot    50.00  50.00\n"
            "         coop             40.00  60.00\n"
            "\n"
            "office   clip_zeroshot    54.00  54.00\n"
            "         coop             40.00  60.00\n"
            "\n"
            "* clip_zeroshot: is not trained; one accuracy for all shots\n");
}

TEST_F(FewShotTableTest, TheBestOfEachSectionIsMarkedByShots) {
  record_all(ledger_, "few-shot", zero_shot_spec("brands"), 50);
  trained("brands", 1, 1, 40);
  trained("brands", 1, 4, 60);
  const auto rows = report().table.rows;
  EXPECT_TRUE(rows[2][2].best) << "zero-shot at one shot";
  EXPECT_FALSE(rows[2][3].best);
  EXPECT_TRUE(rows[3][3].best) << "coop at four";
}

TEST_F(FewShotTableTest, AnIncompleteMeanIsMarkedAndExplained) {
  trained("brands", 1, 1, 40);
  trained("brands", 2, 1, 44);
  trained("office", 1, 1, 50);
  trained("brands", 1, 4, 60);
  const Grid shown = grid();
  EXPECT_EQ(test::texts(few_shot_report(shown).table.rows),
            (std::vector<Texts>{{"Average", "coop", "46.00†", "60.00†"},
                                {"brands", "coop", "42.00", "60.00†"},
                                {"office", "coop", "50.00†", "-"}}));
  EXPECT_EQ(shown.notes, (Texts{"† coop, 4 shots: average over 1 of 2 datasets, without office",
                                "† coop: seed 1 of 1, 2 on office (1 shot), brands (4 shots)"}));
}

TEST_F(FewShotTableTest, RecipesThatFollowTheShotsAreOneVariant) {
  RunSpec one = all_classes_spec("brands", 1, 1);
  one.recipe->epochs = 50;
  record_all(ledger_, "few-shot", one, 40);
  trained("brands", 1, 16, 60);
  EXPECT_EQ(grid().series.size(), 1U);
}

TEST_F(FewShotTableTest, RecordsHaveOneLineForAMethodWithoutTraining) {
  record_all(ledger_, "few-shot", zero_shot_spec("brands"), 50);
  trained("brands", 1, 1, 40);
  trained("brands", 2, 1, 44);
  trained("brands", 1, 4, 60);
  trained("brands", 2, 4, 60);
  EXPECT_EQ(render_csv(report({.datasets = {"brands"}}).records),
            "dataset,method,variant,shots,accuracy,accuracy_sd,seeds,complete\n"
            "average,clip_zeroshot,,,50,,,true\n"
            "average,coop,,1,42,2,1 2,true\n"
            "average,coop,,4,60,0,1 2,true\n"
            "brands,clip_zeroshot,,,50,,,true\n"
            "brands,coop,,1,42,2,1 2,true\n"
            "brands,coop,,4,60,0,1 2,true\n");
}

TEST_F(FewShotTableTest, VersusComparesAtEachNumberOfShots) {
  record_all(ledger_, "few-shot", zero_shot_spec("brands"), 50);
  trained("brands", 1, 1, 40);
  trained("brands", 1, 4, 60);
  const Versus found = versus(grid(), "clip_zeroshot");
  EXPECT_EQ(found.measures, (Texts{"1 shot", "4 shots"}));
  EXPECT_DOUBLE_EQ(*found.columns.at(0).gains.at(0).mean, -10);
  EXPECT_DOUBLE_EQ(*found.columns.at(0).gains.at(1).mean, 10);
}

TEST_F(FewShotTableTest, AProtocolThatWasNeverRunSaysWhichWere) {
  test::record(ledger_, test::sample_spec("brands"), 60, 50);
  EXPECT_ERROR(
      grid(),
      "ledger.db: holds no finished few-shot run, but has base-new runs of coop (16 shots); run `runner "
      "sweep --protocol few-shot` first");
}

}  // namespace
}  // namespace promptbed
