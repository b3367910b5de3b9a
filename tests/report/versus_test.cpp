#include "report/versus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

  Versus against(const std::string& reference) { return versus(base_new_table(ledger_, {}), reference); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(VersusTest, TheMeanIsOverDatasetsWithStudentsInterval) {
  record(ledger_, sample_spec("brands", 1), 52, 60);
  record(ledger_, sample_spec("brands", 2), 54, 50);
  record(ledger_, sample_spec("office", 1), 54, 55);
  record(ledger_, sample_spec("office", 2), 56, 55);
  record(ledger_, sample_spec("places", 1), 50, 55);
  record(ledger_, sample_spec("places", 2), 52, 55);
  const VersusColumn coop = against("clip_zeroshot").columns.at(0);
  EXPECT_EQ(coop.label, "coop");
  EXPECT_DOUBLE_EQ(*coop.base_gain.by_dataset.at(0), 3);
  EXPECT_DOUBLE_EQ(*coop.base_gain.by_dataset.at(1), 5);
  EXPECT_DOUBLE_EQ(*coop.base_gain.by_dataset.at(2), 1);
  EXPECT_DOUBLE_EQ(*coop.base_gain.mean, 3);
  EXPECT_NEAR(coop.base_gain.interval, 4.302653 * 2 / std::sqrt(3), 1e-5) << "t(0.975, 2) is 4.3027";
  EXPECT_DOUBLE_EQ(*coop.new_gain.mean, -5);
  EXPECT_DOUBLE_EQ(coop.new_gain.interval, 0);
}

TEST_F(VersusTest, IsPrintedWithSignsAndTheMeanFirst) {
  record(ledger_, sample_spec("brands"), 52, 55);
  record(ledger_, sample_spec("office"), 50, 55);
  const Table table = against("clip_zeroshot").to_table();
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"Mean", "+1.00 ± 12.71", "-5.00 ± 0.00"}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"brands", "+2.00", "-5.00"}));
  EXPECT_EQ(table.rows[3], (std::vector<std::string>{"places", "-", "-"}));
}

TEST_F(VersusTest, SaysWhatItIsOfAndWhatIsMissing) {
  record(ledger_, sample_spec("brands", 1), 52, 55);
  record(ledger_, sample_spec("brands", 2), 52, 55);
  const Versus found = against("clip_zeroshot");
  const char* title =
      "Accuracy gained over clip_zeroshot (points), 16 shots, seeds 1, 2; mean ± 95 % interval over datasets";
  EXPECT_EQ(found.to_table().title, title);
  EXPECT_EQ(found.to_table().notes, (std::vector<std::string>{"coop: average over 1 of 3 datasets"}));
  EXPECT_EQ(found.to_long_table().notes, found.to_table().notes);
}

TEST_F(VersusTest, OneDatasetHasNoInterval) {
  record(ledger_, sample_spec("brands"), 52, 55);
  EXPECT_EQ(against("clip_zeroshot").to_table().rows[0],
            (std::vector<std::string>{"Mean", "+2.00", "-5.00"}));
  const Table csv = against("clip_zeroshot").to_long_table();
  EXPECT_EQ(csv.rows.back(),
            (std::vector<std::string>{"mean", "coop", "clip_zeroshot", "2.0000", "-5.0000", "", ""}));
}

TEST_F(VersusTest, OnlyEqualSeedsMakeAPair) {
  RunSpec other = sample_spec("brands", 1);
  other.method = "cocoop";
  record(ledger_, other, 70, 70);
  record(ledger_, sample_spec("brands", 1), 52, 55);
  record(ledger_, sample_spec("brands", 2), 52, 55);
  const Versus found = against("cocoop");
  const auto coop = std::ranges::find(found.columns, "coop", &VersusColumn::label);
  ASSERT_NE(coop, found.columns.end());
  EXPECT_FALSE(coop->base_gain.mean);
  EXPECT_EQ(
      std::ranges::count(found.notes,
                         "coop: not compared on brands, where its seeds are 1, 2 and those of cocoop are 1"),
      1);
}

TEST_F(VersusTest, AnUnknownReferenceIsRefused) {
  record(ledger_, sample_spec("brands"), 52, 55);
  EXPECT_ERROR(against("kgcoop"), "--versus kgcoop: is no column; choose among clip_zeroshot, coop");
}

TEST_F(VersusTest, AReferenceAloneIsRefused) {
  EXPECT_ERROR(against("clip_zeroshot"), "--versus clip_zeroshot: is the only column; add another method");
}

}  // namespace
}  // namespace promptbed
