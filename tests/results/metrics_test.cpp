#include "results/metrics.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/expect_error.h"

namespace promptbed {
namespace {

using Labels = std::vector<int64_t>;

TEST(Metrics, CountCorrectPredictions) {
  const Metrics metrics = measure(Labels{0, 0, 1, 1}, Labels{0, 1, 1, 1});
  EXPECT_EQ(metrics.images, 4);
  EXPECT_EQ(metrics.correct, 3);
  EXPECT_DOUBLE_EQ(metrics.accuracy, 75);
  EXPECT_DOUBLE_EQ(metrics.error, 25);
  // Class 0: 2 of 2 + 1; class 1: 4 of 2 + 3.
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (2.0 / 3 + 4.0 / 5) / 2);
}

TEST(Metrics, MacroF1LeavesOutClassesWithoutImages) {
  // Class 7 is predicted but never true: it costs class 1 its recall and is no class of the mean itself.
  const Metrics metrics = measure(Labels{0, 1, 1}, Labels{0, 1, 7});
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (1.0 + 2.0 / 3) / 2);
}

TEST(Metrics, AClassThatIsNeverHitCountsAsZero) {
  const Metrics metrics = measure(Labels{0, 0, 1}, Labels{0, 0, 0});
  EXPECT_DOUBLE_EQ(metrics.macro_f1, 100 * (4.0 / 5 + 0) / 2);
}

TEST(Metrics, RefuseListsThatDoNotMatch) {
  EXPECT_ERROR(measure(Labels{0, 1}, Labels{0}), "metrics: 2 labels and 1 predictions");
  EXPECT_ERROR(measure(Labels{}, Labels{}), "metrics: 0 labels");
}

}  // namespace
}  // namespace promptbed
