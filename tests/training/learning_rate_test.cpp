#include "training/optimiser.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "support/golden.h"

namespace promptbed {
namespace {

TEST(GoldenLearningRates, AreBitEqualForEverySchedule) {
  const auto schedules = read_json(test::golden_folder() / "schedule" / "lr_per_epoch.json");
  ASSERT_FALSE(schedules.empty());
  for (const auto& [epochs, expected] : schedules.items()) {
    EXPECT_EQ(learning_rates(std::stoll(epochs), 0.002, 1, 1e-5), expected.get<std::vector<double>>())
        << epochs;
  }
}

TEST(LearningRates, StayAtTheWarmUpRateForAsManyEpochs) {
  EXPECT_EQ(learning_rates(3, 0.1, 2, 0.5), (std::vector<double>{0.5, 0.5, 0.1}));
}

}  // namespace
}  // namespace promptbed
