#include "report/grid/versus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "report/texts.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::record;
using test::sample_spec;
using test::zero_shot_spec;

class VersusTest : public ::testing::Test {
 protected:
  VersusTest() {
    for (const char* dataset : {"brands", "office", "places"})
      record(ledger_, zero_shot_spec(dataset), 50, 60);
  }

  Versus against(const std::string& reference) {
    return versus(make_grid(Snapshot(ledger_), {}, Protocol::base_new), reference);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(VersusTest, TheIntervalIsStudentsOverTheDatasetsMeans) {
  record(ledger_, sample_spec("brands", 1), 52, 60);
  record(ledger_, sample_spec("brands", 2), 54, 50);
  record(ledger_, sample_spec("office", 1), 54, 55);
  record(ledger_, sample_spec("office", 2), 56, 55);
  record(ledger_, sample_spec("places", 1), 50, 55);
  record(ledger_, sample_spec("places", 2), 52, 55);
  const VersusColumn coop = against("clip_zeroshot").columns.at(0);
  EXPECT_EQ(coop.label, "coop");
  const Gain& base = coop.gains.at(0);
  EXPECT_DOUBLE_EQ(*base.by_dataset.at(0).mean, 3);
  EXPECT_DOUBLE_EQ(*base.by_dataset.at(1).mean, 5);
  EXPECT_DOUBLE_EQ(*base.by_dataset.at(2).mean, 1);
  EXPECT_DOUBLE_EQ(*base.mean, 3);
  EXPECT_NEAR(*base.interval, 4.302653 * 2 / std::sqrt(3), 1e-5)
      << "of the datasets' means 3, 5 and 1; t(0.975, 2) is 4.3027";
  EXPECT_DOUBLE_EQ(*coop.gains.at(1).mean, -5);
}

TEST_F(VersusTest, WhatAMethodCannotServeIsSaidAsInTheOtherTables) {
  RunOutcome outcome = test::sample_outcome("brands", 55, 0);
  outcome.scores.pop_back();
  outcome.refusals = {{.dataset = "brands", .class_set = "new", .reason = "linear_probe: cannot"}};
  const RunSpec spec = sample_spec("brands", 1, "linear_probe");
  ledger_.claim(spec);
  ledger_.ask("base-new", {spec.id()});
  test::finish(ledger_, spec.id(), outcome);
  const Table shown = against("clip_zeroshot").report().table;
  EXPECT_EQ(test::texts(shown.rows.at(0)), (std::vector<std::string>{"Mean", "+5.00†", "cannot"}));
  EXPECT_EQ(test::texts(shown.rows.at(1)), (std::vector<std::string>{"brands", "+5.00", "cannot"}));
  EXPECT_EQ(test::texts(shown.rows.at(2)), (std::vector<std::string>{"office", "-", "-"}));
}

TEST_F(VersusTest, ADatasetsIntervalIsOverItsPairs) {
  record(ledger_, sample_spec("brands", 1), 52, 60);
  record(ledger_, sample_spec("brands", 2), 54, 60);
  const PairedGain brands = against("clip_zeroshot").columns.at(0).gains.at(0).by_dataset.at(0);
  EXPECT_EQ(brands.pairs, 2U) << "zero-shot pairs with every seed";
  EXPECT_NEAR(*brands.interval, 12.706205 * std::sqrt(2) / std::sqrt(2), 1e-5) << "t(0.975, 1) is 12.706";
}

TEST_F(VersusTest, PairsOfOneDatasetDoNotPassForIndependentOnes) {
  for (const int64_t seed : {1, 2, 3, 4, 5, 6}) {
    record(ledger_, sample_spec("brands", seed), 52, 60);
    record(ledger_, sample_spec("office", seed), 56, 60);
  }
  const Gain base = against("clip_zeroshot").columns.at(0).gains.at(0);
  EXPECT_DOUBLE_EQ(*base.mean, 4);
  EXPECT_NEAR(*base.interval, 12.706205 * std::sqrt(8) / std::sqrt(2), 1e-4)
      << "of two datasets, not of 12 pairs";
}

TEST_F(VersusTest, IsPrintedWithSignsAndTheMeanFirst) {
  record(ledger_, sample_spec("brands"), 52, 55);
  record(ledger_, sample_spec("office"), 50, 55);
  const auto rows = test::texts(against("clip_zeroshot").report().table.rows);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"Mean", "+1.00 ± 12.71†", "-5.00 ± 0.00†"}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"brands", "+2.00", "-5.00"}));
  EXPECT_EQ(rows[3], (std::vector<std::string>{"places", "-", "-"}));
}

TEST_F(VersusTest, SaysWhatItIsOfAndWhatIsMissing) {
  record(ledger_, sample_spec("brands", 1), 52, 55);
  record(ledger_, sample_spec("brands", 2), 52, 55);
  const Report report = against("clip_zeroshot").report();
  EXPECT_EQ(report.table.title, "Accuracy gained over clip_zeroshot (points), 16 shots, seeds 1, 2");
  EXPECT_EQ(
      report.table.notes,
      (std::vector<std::string>{
          "† coop: average over 1 of 3 datasets, without office, places",
          "pairs of the same dataset and seed; ± is a 95 % interval: in a dataset's row over its seeds, in "
          "the mean's row over the datasets"}));
  EXPECT_EQ(report.records.notes, report.table.notes);
}

TEST_F(VersusTest, RecordsHavePairsAndMeans) {
  record(ledger_, sample_spec("brands"), 52, 55);
  const Table csv = against("clip_zeroshot").report().records;
  EXPECT_EQ(test::texts(csv.rows.front()),
            (std::vector<std::string>{"brands", "coop", "clip_zeroshot", "Base", "2", "", "1", "true"}));
  EXPECT_EQ(test::texts(csv.rows.back()),
            (std::vector<std::string>{"mean", "coop", "clip_zeroshot", "New", "-5", "", "1", "false"}));
}

TEST_F(VersusTest, OnlyEqualSeedsMakeAPair) {
  RunSpec other = sample_spec("brands", 1);
  other.method = "cocoop";
  record(ledger_, other, 70, 70);
  record(ledger_, sample_spec("brands", 1), 72, 75);
  record(ledger_, sample_spec("brands", 2), 52, 55);
  const Versus found = against("cocoop");
  const auto coop = std::ranges::find(found.columns, "coop", &VersusColumn::label);
  ASSERT_NE(coop, found.columns.end());
  EXPECT_DOUBLE_EQ(*coop->gains.at(0).by_dataset.at(0).mean, 2) << "seed 2 has no partner";
  EXPECT_EQ(std::ranges::count(
                found.notes, "† coop: 1 pair on brands, where its seeds are 1, 2 and those of cocoop are 1"),
            1);
}

TEST_F(VersusTest, AnUnknownReferenceIsRefused) {
  record(ledger_, sample_spec("brands"), 52, 55);
  EXPECT_ERROR(against("kgcoop"), "--versus kgcoop: is not in the table; choose among clip_zeroshot, coop");
}

TEST_F(VersusTest, AReferenceAloneIsRefused) {
  EXPECT_ERROR(against("clip_zeroshot"), "--versus clip_zeroshot: is alone in the table; add another method");
}

}  // namespace
}  // namespace promptbed
