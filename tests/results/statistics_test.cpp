#include "results/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace promptbed {
namespace {

const std::vector<double> kThreeSeeds = {60, 62, 67};  // mean 63; squared deviations 9 + 1 + 16

TEST(Statistics, MeanAndPopulationDeviation) {
  EXPECT_DOUBLE_EQ(mean(kThreeSeeds), 63);
  EXPECT_DOUBLE_EQ(standard_deviation(kThreeSeeds), std::sqrt(26.0 / 3));
  EXPECT_DOUBLE_EQ(standard_deviation(std::vector<double>{5}), 0);
}

TEST(Statistics, StudentIntervalMatchesPublishedQuantiles) {
  // t(0.975) of 2 and 4 degrees of freedom, from any textbook's table.
  EXPECT_NEAR(student_interval(kThreeSeeds), 4.302653 * std::sqrt(13.0) / std::sqrt(3.0), 1e-5);
  const std::vector<double> five = {1, 2, 3, 4, 5};
  EXPECT_NEAR(student_interval(five), 2.776445 * std::sqrt(2.5) / std::sqrt(5.0), 1e-6);
  EXPECT_TRUE(std::isnan(student_interval(std::vector<double>{5})));
}

TEST(Statistics, TheMedianOfAnEvenNumberIsTheUpperOne) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 3);
}

TEST(Statistics, HarmonicMean) {
  EXPECT_DOUBLE_EQ(harmonic_mean(60, 30), 40);
  EXPECT_DOUBLE_EQ(harmonic_mean(60, 0), 0);
  EXPECT_DOUBLE_EQ(harmonic_mean(0, 0), 0);
}

struct PublishedRow {
  const char* name;
  double base, new_, h;
};

// arXiv 2203.05557, table 1: accuracy (%), ViT-B/16, 16 shots, mean of 3 seeds.
constexpr PublishedRow kPublished[] = {
    {"average, CLIP", 69.34, 74.22, 71.70},    {"average, CoOp", 82.69, 63.22, 71.66},
    {"average, CoCoOp", 80.47, 71.69, 75.83},  {"DTD, CoOp", 79.44, 41.18, 54.24},
    {"EuroSAT, CoCoOp", 87.49, 60.04, 71.21},  {"FGVCAircraft, CoOp", 40.44, 22.30, 28.75},
    {"Flowers102, CoOp", 97.60, 59.67, 74.06}, {"UCF101, CoCoOp", 82.33, 73.45, 77.64},
};

TEST(Statistics, PublishedHIsTheHarmonicMeanOfThePrintedAccuracies) {
  for (const PublishedRow& row : kPublished)
    EXPECT_NEAR(harmonic_mean(row.base, row.new_), row.h, 0.005) << row.name;
}

}  // namespace
}  // namespace promptbed
