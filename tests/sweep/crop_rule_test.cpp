#include "sweep/crop_rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "support/expect_error.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

TEST(CropRule, TakesTheWidestRangeThatKeepsTheShareWithAllNarrowerOnes) {
  EXPECT_EQ(widest_range({.centre = 50, .crops = {36, 44, 45, 47}}, 0.9), 2U);
  EXPECT_EQ(widest_range({.centre = 50, .crops = {46, 46, 47}}, 0.9), 0U);
  EXPECT_EQ(widest_range({.centre = 50, .crops = {46, 44, 47}}, 0.9), 2U) << "the first is luck";
  EXPECT_EQ(widest_range({.centre = 50, .crops = {36, 44}}, 0.9), std::nullopt);
}

TEST(CropRule, MeansAreOverDatasets) {
  const CropAccuracies mean = mean_of(
      std::vector<CropAccuracies>{{.centre = 40, .crops = {10, 20}}, {.centre = 60, .crops = {20, 50}}});
  EXPECT_EQ(mean.centre, 50);
  EXPECT_EQ(mean.crops, (std::vector<double>{15, 35}));
}

class TryCrops : public testing::Test {
 protected:
  TryCrops() {
    spec_.suites = world_ / "suites";
    spec_.suite = "small";
    spec_.model = world_ / "model";
    spec_.data = world_ / "data";
    spec_.cache.clear();
  }

  CropAccuracies measured(const CropTrial& trial) const {
    Inputs inputs(spec_);
    std::ostringstream log;
    return try_crops(inputs, inputs.dataset("one"), trial, log);
  }

  test::SweepWorld world_;
  InputSpec spec_;
};

TEST_F(TryCrops, AreShareOfViewsWhateverTheThreads) {
  const CropTrial trial{.ranges = {{0.1, 1}, {0.9, 1}}, .views = 4, .threads = 1};
  const CropAccuracies one = measured(trial);
  CropTrial parallel = trial;
  parallel.threads = 3;
  EXPECT_EQ(measured(parallel).crops, one.crops);
  // 6 images a half: the mean of two numbers of sixths, or with 4 views of 24ths.
  EXPECT_NEAR(one.centre * 12 / 100, std::round(one.centre * 12 / 100), 1e-9);
  for (const double accuracy : one.crops)
    EXPECT_NEAR(accuracy * 48 / 100, std::round(accuracy * 48 / 100), 1e-9);
}

TEST_F(TryCrops, NameAnImageThatIsMissing) {
  std::filesystem::remove(world_ / "data/one/images/a/train0.bmp");
  EXPECT_THROW(measured({.ranges = {{0.5, 1}}}), PictureError);
}

TEST_F(TryCrops, NeedTrainingImagesOfBothHalves) {
  nlohmann::json split = world_.make_split("one");
  split["train"] = nlohmann::json::array();
  world_.write_split("one", split);
  EXPECT_ERROR(measured({.ranges = {{0.5, 1}}}), "one: has no training images of base classes");
}

}  // namespace
}  // namespace promptbed
