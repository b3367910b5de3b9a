#include "results/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "results/golden_metrics.h"

namespace promptbed {
namespace {

using Guesses = std::vector<Guess>;

Guesses guesses_of(const test::GoldenMetrics& golden, const std::string& set) {
  const auto confidences = golden.numbers<float>(set + ".conf");
  const auto predicted = golden.numbers<int64_t>(set + ".pred"),
             labels = golden.numbers<int64_t>(set + ".labels");
  Guesses guesses;
  for (size_t i = 0; i < confidences.size(); ++i)
    guesses.push_back({confidences[i], predicted[i] == labels[i]});
  return guesses;
}

TEST(Calibration, ErrorsAreThoseOfTheAuthorsCode) {
  const test::GoldenMetrics golden;
  if (!golden.is_there()) GTEST_SKIP() << "no metrics in the golden folder; set PROMPTBED_GOLDEN";
  constexpr double kSinglePrecision = 1e-5;  // of percent: the authors' sums are in f32
  size_t compared = 0;
  for (const auto& value : golden.values("ece")) {
    const Guesses guesses = guesses_of(golden, value.at("set"));
    const int64_t bins = value.at("bins");
    EXPECT_NEAR(calibration_error(guesses, bins), 100 * value.at("ece").get<double>(), kSinglePrecision)
        << value;
    EXPECT_NEAR(adaptive_calibration_error(guesses, bins), 100 * value.at("adaptive_ece").get<double>(),
                kSinglePrecision)
        << value;
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

TEST(Calibration, WeighsTheGapOfEachBinWithItsImages) {
  // Three of 0.5 to 0.6, one right; one of 0.9 to 1, right.
  const Guesses guesses = {{0.5, true}, {0.55, false}, {0.56, false}, {0.9, true}};
  const double first = std::abs(1 - 1.61) / 3, last = std::abs(1 - 0.9);
  EXPECT_NEAR(calibration_error(guesses, 10), 100 * (3 * first + last) / 4, 1e-12);
  EXPECT_NEAR(mean_confidence(guesses), 100 * 2.51 / 4, 1e-12);
}

TEST(Calibration, BinsAreClosedOnTheLeft) {
  const std::vector<ConfidenceBin> bins = confidence_bins(Guesses{{0.5, true}, {0.75, true}, {1, false}}, 4);
  EXPECT_EQ(bins, (std::vector<ConfidenceBin>{{}, {}, {1, 1, 0.5}, {2, 1, 1.75}}));
}

TEST(Calibration, ACertainGuessHasOnlyItsWeight) {
  // The last bin: a gap of 0.1 of one guess, with the weight of two.
  EXPECT_NEAR(calibration_error(Guesses{{0.9, true}, {1, false}}, 10), 100 * 0.1, 1e-12);
  EXPECT_EQ(calibration_error(Guesses{{1, false}}, 10), 0);
}

TEST(Calibration, AdaptiveBinsHoldEquallyManyGuesses) {
  // Two bins of two: 0.1 and 0.2, none right; 0.7 and 0.9, both right.
  EXPECT_NEAR(adaptive_calibration_error(Guesses{{0.1, false}, {0.9, true}, {0.2, false}, {0.7, true}}, 2),
              100 * (0.15 + 0.2) / 2, 1e-12);
}

TEST(Calibration, AdaptiveBinsMayCoincide) {
  EXPECT_NEAR(adaptive_calibration_error(Guesses{{0.5, true}, {0.5, false}}, 3), 0, 1e-12);
}

}  // namespace
}  // namespace promptbed
