#include "results/open_world.h"

#include <gtest/gtest.h>

#include "results/golden_metrics.h"

namespace promptbed {
namespace {

using Rows = std::vector<OpenWorldRow>;

/// The rows of "base" or "new" of a set.
Rows rows_of(const test::GoldenMetrics& golden, const std::string& set, const std::string& half) {
  const auto scores = golden.numbers<double>(set + "." + half + "_score");
  const auto predicted = golden.numbers<int64_t>(set + "." + half + "_pred");
  const auto labels = golden.numbers<int64_t>(set + "." + half + "_labels");
  Rows rows;
  for (size_t i = 0; i < scores.size(); ++i) rows.push_back({scores[i], predicted[i] == labels[i]});
  return rows;
}

TEST(OpenWorld, AreasAreThoseOfTheAuthorsCode) {
  const test::GoldenMetrics golden;
  if (!golden.is_there()) GTEST_SKIP() << "no metrics in the golden folder; set PROMPTBED_GOLDEN";
  constexpr double kTolerance = 1e-10;
  size_t compared = 0;
  for (const auto& value : golden.values("openworld_auc")) {
    const Rows on_base = rows_of(golden, value.at("set"), "base"),
               on_new = rows_of(golden, value.at("set"), "new");
    EXPECT_NEAR(auroc(on_base, on_new), 100 * value.at("auroc").get<double>(), kTolerance) << value;
    EXPECT_NEAR(openworld_auc(on_base, on_new), 100 * value.at("openworld_auc").get<double>(), kTolerance)
        << value;
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

TEST(OpenWorld, CountsPairsInWhichTheBaseRowIsHigher) {
  const Rows on_base = {{3, true}, {1, true}}, on_new = {{2, true}, {0, true}};
  EXPECT_EQ(auroc(on_base, on_new), 75);
  EXPECT_EQ(openworld_auc(on_base, on_new), 75);
}

TEST(OpenWorld, ATieCountsOneHalf) {
  EXPECT_EQ(auroc(Rows{{1, true}}, Rows{{1, false}, {1, true}}), 50);
  EXPECT_EQ(openworld_auc(Rows{{1, true}}, Rows{{1, false}, {1, true}}), 25) << "of right rows alone";
}

TEST(OpenWorld, AWrongRowLosesAllItsPairs) {
  const Rows on_base = {{3, false}, {3, true}}, on_new = {{0, true}, {0, false}};
  EXPECT_EQ(auroc(on_base, on_new), 100);
  EXPECT_EQ(openworld_auc(on_base, on_new), 25);
}

}  // namespace
}  // namespace promptbed
