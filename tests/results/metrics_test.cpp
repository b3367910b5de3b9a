#include <gtest/gtest.h>

#include <vector>

#include "results/metrics.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using Labels = std::vector<int64_t>;

TEST(Metrics, CountCorrectPredictions) {
  const Metrics metrics = measure(Labels{0, 0, 1, 1}, Labels{0, 1, 1, 1});
  EXPECT_EQ(metrics.images, 4);
  EXPECT_EQ(metrics.correct, 3);
  EXPECT_DOUBLE_EQ(metrics.accuracy, 75);
  // Class 0: 2 of 2 + 1; class 1: 4 of 2 + 3.
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (2.0 / 3 + 4.0 / 5) / 2);
}

TEST(Metrics, MacroF1LeavesOutClassesWithoutImages) {
  // Class 7 is predicted but never true: it costs class 1 its recall and is not in the mean itself.
  const Metrics metrics = measure(Labels{0, 1, 1}, Labels{0, 1, 7});
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (1.0 + 2.0 / 3) / 2);
}

TEST(Metrics, MeanPerClassAccuracyGivesEachClassTheSameWeight) {
  // Class 0: three of four; class 1: none of one; class 7 has no image.
  EXPECT_DOUBLE_EQ(measure(Labels{0, 0, 0, 0, 1}, Labels{0, 0, 0, 1, 7}).per_class, (75.0 + 0) / 2);
}

TEST(Metrics, AClassThatIsNeverHitCountsAsZero) {
  const Metrics metrics = measure(Labels{0, 0, 1}, Labels{0, 0, 0});
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (4.0 / 5 + 0) / 2);
}

TEST(Metrics, RefuseListsThatDoNotMatch) {
  EXPECT_ERROR(measure(Labels{0, 1}, Labels{0}), "metrics: 2 labels and 1 predictions");
  EXPECT_ERROR(measure(Labels{}, Labels{}), "metrics: 0 labels");
}

// Class 0: two of three right, one taken for 1. Class 1: one of two right. Class 2 has no image.
const std::vector<int64_t> kLabels = {0, 0, 0, 1, 1}, kPredicted = {0, 1, 0, 1, 2};

TEST(ConfusionMatrix, CountsWhatWasTakenForWhat) {
  const ConfusionMatrix matrix(kLabels, kPredicted, 3);
  const std::vector<std::vector<int64_t>> expected = {{2, 1, 0}, {0, 1, 1}, {0, 0, 0}};
  for (int64_t label = 0; label < 3; ++label) {
    for (int64_t predicted = 0; predicted < 3; ++predicted)
      EXPECT_EQ(matrix.count(label, predicted), expected[label][predicted]) << label << ' ' << predicted;
  }
}

TEST(ConfusionMatrix, ScoresEachClass) {
  const ConfusionMatrix matrix(kLabels, kPredicted, 3);
  EXPECT_DOUBLE_EQ(matrix.score(0).accuracy(), 200.0 / 3);
  EXPECT_DOUBLE_EQ(matrix.score(0).f1(), 80);
  EXPECT_DOUBLE_EQ(matrix.score(1).f1(), 50);
  EXPECT_EQ(matrix.score(2).images, 0);
  EXPECT_EQ(matrix.score(2).predicted, 1);
  EXPECT_EQ(matrix.score(2).accuracy(), 0);
}

TEST(ConfusionMatrix, ListsTheMostFrequentMistakesFirst) {
  const std::vector<int64_t> labels = {0, 1, 1, 2, 2, 2}, predicted = {1, 0, 0, 1, 1, 2};
  const ConfusionMatrix matrix(labels, predicted, 3);
  const auto mistakes = matrix.most_frequent(2);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0].label, 1);
  EXPECT_EQ(mistakes[0].predicted, 0);
  EXPECT_EQ(mistakes[0].images, 2);
  EXPECT_EQ(mistakes[1].label, 2);
  EXPECT_EQ(matrix.most_frequent(9).size(), 3U);
}

}  // namespace
}  // namespace promptbed
