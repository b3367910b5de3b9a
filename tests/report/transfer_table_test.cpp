#include <gtest/gtest.h>
#include <unistd.h>

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

class TransferTableTest : public ::testing::Test {
 protected:
  TransferTableTest() {
    for (const auto& [dataset, accuracy] :
         std::map<std::string, double>{{"source", 50}, {"brands", 40}, {"office", 60}})
      record_all(ledger_, "cross-dataset", zero_shot_spec(dataset), accuracy);
  }
  void trained(int64_t seed, const std::map<std::string, double>& accuracies) {
    record_all(ledger_, "cross-dataset", all_classes_spec("source", seed), accuracies);
  }
  Grid grid(const ReportQuery& query = {}, Protocol protocol = Protocol::cross_dataset,
            const std::vector<Suite>& suites = {}) {
    return make_grid(Snapshot(ledger_), query, protocol, suites);
  }
  Report report(const ReportQuery& query = {}) { return transfer_report(grid(query)); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(TransferTableTest, HasSourceTargetsAndTheirAverage) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  EXPECT_EQ(render_text(report().table),
            "Cross-dataset transfer (%), trained on source, 16 shots, mean over seed 1\n"
            "\n"
            "Dataset               clip_zeroshot   coop\n"
            "------------------------------------------\n"
            "source (source)               50.00  70.00\n"
            "brands                        40.00  42.00\n"
            "office                        60.00  50.00\n"
            "Average of targets            50.00  46.00\n");
}

TEST_F(TransferTableTest, TheBestOfEachRowIsMarked) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  const auto rows = report().table.rows;
  EXPECT_TRUE(rows[0][2].best);
  EXPECT_TRUE(rows[2][1].best);
  EXPECT_TRUE(rows[3][1].best);
}

TEST_F(TransferTableTest, TargetsComeAsAskedAndAverageOverThose) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  const Grid shown = grid({.datasets = {"office"}});
  EXPECT_EQ(shown.datasets, (Texts{"source", "office"}));
  EXPECT_DOUBLE_EQ(*shown.series.at(1).average.accuracies[0].mean, 50);
}

TEST_F(TransferTableTest, AMissingTargetMarksTheAverage) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  record_all(ledger_, "cross-dataset", all_classes_spec("source", 1, 16, "cocoop"),
             {{"source", 71}, {"office", 58}});
  const Grid shown = grid({.methods = {"cocoop"}, .datasets = {"brands", "office"}});
  EXPECT_EQ(test::texts(transfer_report(shown).table.rows.back()), (Texts{"Average of targets", "58.00†"}));
  EXPECT_EQ(shown.notes, (Texts{"† cocoop: average over 1 of 2 datasets, without brands"}));
}

TEST_F(TransferTableTest, AMethodThatServesNoTargetHasNoAverageEver) {
  RunSpec probe = all_classes_spec("source", 1, 16, "linear_probe");
  RunOutcome outcome = test::sample_outcome("source", 0, 0);
  outcome.scores = {test::sample_score("source", "all", 71)};
  outcome.refusals = {{"brands", "all", "no weights", "split of brands"},
                      {"office", "all", "no weights", "split of office"}};
  ledger_.claim(probe);
  ledger_.ask("cross-dataset", {probe.id()});
  test::finish(ledger_, probe.id(), outcome);
  const Grid shown = grid();
  EXPECT_EQ(test::texts(transfer_report(shown).table.rows.back()),
            (Texts{"Average of targets", "50.00", "cannot"}));
  EXPECT_EQ(shown.notes, (Texts{"cannot: no weights"}));
}

TEST_F(TransferTableTest, SeveralSourcesHaveToBeChosenFrom) {
  trained(1, {{"source", 70}, {"brands", 42}});
  record_all(ledger_, "cross-dataset", all_classes_spec("office"), {{"office", 80}, {"brands", 44}});
  EXPECT_ERROR(grid(), "ledger.db: has methods trained on office, source; choose one with --source");
  EXPECT_EQ(grid({.source = "office"}).datasets, (Texts{"office", "brands"}));
  EXPECT_ERROR(grid({.source = "brands"}),
               "--source brands: no method was trained on it; choose among office, source");
}

TEST_F(TransferTableTest, ScoresOnAnEarlierSplitAreLeftOut) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  ::usleep(2000);  // the ledger's clock has milliseconds
  RunSpec later = zero_shot_spec("brands");
  later.split_hash = "another split";
  RunOutcome outcome = test::sample_outcome("brands", 0, 0);
  outcome.scores = {test::sample_score("brands", "all", 44)};
  outcome.scores[0].split_hash = later.split_hash;
  ledger_.claim(later);
  ledger_.ask("cross-dataset", {later.id()});
  test::finish(ledger_, later.id(), outcome);
  const Grid shown = grid({.methods = {"clip_zeroshot", "coop"}, .datasets = {"brands", "office"}});
  EXPECT_EQ(test::texts(transfer_report(shown).table.rows[1]), (Texts{"brands", "44.00", "-"}));
  EXPECT_EQ(shown.notes, (Texts{"† coop: average over 1 of 2 datasets, without brands",
                                "brands: 1 run with an earlier split, template or context words left out",
                                "brands: 1 test on an earlier split left out"}));
}

TEST_F(TransferTableTest, ScoresOnImagesWithOtherContentsAreLeftOut) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  ::usleep(2000);  // the ledger's clock has milliseconds
  RunSpec later = zero_shot_spec("brands");
  later.images["test"] = "0123";
  RunOutcome outcome = test::sample_outcome("brands", 0, 0);
  outcome.scores = {test::sample_score("brands", "all", 44)};
  outcome.scores[0].split_hash = later.test_set();
  ledger_.claim(later);
  ledger_.ask("cross-dataset", {later.id()});
  test::finish(ledger_, later.id(), outcome);
  const Grid shown = grid({.methods = {"clip_zeroshot", "coop"}, .datasets = {"brands", "office"}});
  EXPECT_EQ(test::texts(transfer_report(shown).table.rows[1]), (Texts{"brands", "44.00", "-"}));
  const std::string note = "brands: 1 test on other versions of the images than the newest run's left out";
  EXPECT_EQ(shown.notes.back(), note);
}

TEST_F(TransferTableTest, RecordsSayTheRoleOfEachDataset) {
  trained(1, {{"source", 70}, {"brands", 42}});
  EXPECT_EQ(render_csv(report({.methods = {"coop"}}).records),
            "role,dataset,method,variant,accuracy,accuracy_sd,seeds,shots,complete,refusal\n"
            "source,source,coop,,70,,1,16,true,\n"
            "target,brands,coop,,42,,1,16,true,\n"
            "average,average,coop,,42,,1,16,true,\n");
}

TEST_F(TransferTableTest, VersusLeavesTheSourceOutOfTheMean) {
  trained(1, {{"source", 70}, {"brands", 42}, {"office", 50}});
  const Versus found = versus(grid(), "clip_zeroshot");
  const Gain& gain = found.columns.at(0).gains.at(0);
  EXPECT_EQ(found.datasets.front(), "source (source)");
  EXPECT_DOUBLE_EQ(*gain.by_dataset.at(0).mean, 20);
  EXPECT_DOUBLE_EQ(*gain.mean, -4) << "of +2 and -10";
  const std::string csv = render_csv(found.report().records);
  const std::string mean = csv.substr(csv.find("\nmean,coop,clip_zeroshot,Accuracy,-4,"));
  EXPECT_TRUE(mean.ends_with(",2,true\n")) << "pairs of the two targets: " << mean;
}

TEST_F(TransferTableTest, ATargetThatAMethodRefusesIsATarget) {
  const RunSpec spec = all_classes_spec("source");
  RunOutcome outcome = test::sample_outcome("source", 0, 0);
  outcome.scores = {test::sample_score("source", "all", 70)};
  outcome.scores.front().split_hash = "split of source";
  outcome.refusals = {{"brands", "all", "coop: knows other classes alone", "split of brands"}};
  ledger_.claim(spec);
  ledger_.ask("cross-dataset", {spec.id()});
  test::finish(ledger_, spec.id(), outcome);
  const Grid found = grid({.methods = {"coop"}});
  EXPECT_EQ(found.datasets, (Texts{"source", "brands"}));
  EXPECT_NE(render_text(transfer_report(found).table).find("cannot"), std::string::npos);
}

TEST_F(TransferTableTest, ShiftedVersionsOfTheSourceAreTheTargetsOfDomain) {
  trained(1, {{"source", 70}, {"brands", 42}, {"source_drawn", 50}});
  ledger_.ask("domain", {all_classes_spec("source").id()});
  Suite shifted;
  shifted.shifts = "source";
  shifted.datasets.emplace_back().id = "source_drawn";
  EXPECT_EQ(grid({}, Protocol::domain, {shifted}).datasets, (Texts{"source", "source_drawn"}));
  EXPECT_EQ(grid({}, Protocol::cross_dataset, {shifted}).datasets, (Texts{"source", "brands"}));
  EXPECT_EQ(grid({.datasets = {"brands"}}, Protocol::domain, {shifted}).datasets, (Texts{"source", "brands"}))
      << "named";
}

TEST_F(TransferTableTest, DomainsAreAProtocolOfTheirOwn) {
  EXPECT_ERROR(
      grid({}, Protocol::domain),
      "ledger.db: holds no finished domain run, but has cross-dataset runs of clip_zeroshot; run `runner "
      "sweep --protocol domain` first");
}

}  // namespace
}  // namespace promptbed
