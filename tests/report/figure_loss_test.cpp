#include "report/figures/figure_loss.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/selected_runs.h"

namespace promptbed {
namespace {

std::vector<EpochRecord> losses(const std::vector<double>& values) {
  std::vector<EpochRecord> epochs;
  for (const double loss : values)
    epochs.push_back({.epoch = static_cast<int64_t>(epochs.size()), .loss = loss});
  return epochs;
}

class LossFigure : public ::testing::Test {
 protected:
  void add(const std::string& dataset, int64_t seed, const std::vector<double>& values,
           const std::string& method = "coop") {
    selection_.runs.push_back(test::few_shot_run(dataset, 16, seed, 50, method));
    if (!values.empty()) epochs_[selection_.runs.back().record.id] = losses(values);
  }

  Figure figure() {
    Looks looks;
    return loss_figure(selection_, {}, epochs_, looks);
  }

  RunSelection selection_;
  EpochsByRun epochs_;
};

TEST_F(LossFigure, HasALineForEachDatasetAndOneForTheirMean) {
  add("brands", 1, {4, 2});
  add("brands", 2, {2, 1});
  add("office", 1, {5, 4.5});
  const Figure drawn = figure();
  ASSERT_EQ(drawn.panels.size(), 1u);
  EXPECT_EQ(drawn.panels[0].title, "coop");
  const std::vector<Trace>& traces = drawn.panels[0].traces;
  ASSERT_EQ(traces.size(), 3u);
  EXPECT_EQ(traces[0].name, "brands");
  EXPECT_TRUE(traces[0].faint);
  EXPECT_DOUBLE_EQ(traces[0].data.at(0).y, 3) << "the mean over seeds";
  EXPECT_DOUBLE_EQ(traces[0].data.at(1).y, 1.5);
  EXPECT_EQ(traces[0].data.at(1).text, "brands: 1.500 after 2 epochs");
  EXPECT_FALSE(traces[2].faint);
  EXPECT_DOUBLE_EQ(traces[2].data.at(0).x, 1) << "the first epoch is 1";
  EXPECT_DOUBLE_EQ(traces[2].data.at(0).y, 4);
  EXPECT_DOUBLE_EQ(traces[2].data.at(1).y, 3);
}

TEST_F(LossFigure, TheMeanGoesAsFarAsAllGo) {
  add("brands", 1, {4, 2, 1});
  add("office", 1, {2, 1});
  const Trace mean = figure().panels.at(0).traces.back();
  ASSERT_EQ(mean.data.size(), 2u);
  EXPECT_DOUBLE_EQ(mean.data[1].y, 1.5);
}

TEST_F(LossFigure, LeavesOutMethodsWithoutEpochs) {
  add("brands", 1, {4, 2});
  add("brands", 1, {}, "tip_adapter");
  const Figure drawn = figure();
  ASSERT_EQ(drawn.panels.size(), 1u);
  EXPECT_EQ(drawn.panels[0].title, "coop");
}

TEST_F(LossFigure, ALossThatIsNoNumberDoesNotStretchTheAxis) {
  add("brands", 1, {4, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_NEAR(figure().panels.at(0).y.most, 4.2, 1e-9);
}

}  // namespace
}  // namespace promptbed
