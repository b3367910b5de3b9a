#include <gtest/gtest.h>

#include "report/figures/grid_figures.h"

namespace promptbed {
namespace {

Panel two_targets() {
  Grid grid;
  grid.protocol = Protocol::cross_dataset;
  grid.source = "imagenet";
  grid.datasets = {"imagenet", "dtd", "eurosat"};
  grid.measures = {{"Accuracy", "all"}};
  GridSeries zero_shot, coop;
  zero_shot.method = "clip_zeroshot";
  for (const double accuracy : {66, 44, 47})
    zero_shot.cells.push_back({.accuracies = {seedless_accuracy(accuracy)}});
  coop.method = "coop";
  coop.cells = {{.accuracies = {make_accuracy({{1, 71}, {2, 73}}, true)}},
                {.accuracies = {make_accuracy({{1, 42}}, true)}},
                {.accuracies = {Accuracy()}}};
  grid.series = {zero_shot, coop};
  Looks looks;
  return transfer_figures(grid, {}, looks).at(0).panels.at(0);
}

TEST(TransferFigure, HasTheSourceOnTopAndARowForEachTarget) {
  const Axis rows = two_targets().y;
  ASSERT_EQ(rows.ticks.size(), 3u);
  EXPECT_EQ(rows.ticks[0].label, "imagenet (source)");
  EXPECT_EQ(rows.ticks[2].label, "eurosat");
}

TEST(TransferFigure, HasAPointForEachAccuracyThatIsThere) {
  const Panel panel = two_targets();
  ASSERT_EQ(panel.traces.size(), 2u);
  EXPECT_EQ(panel.traces[0].data.size(), 3u);
  EXPECT_EQ(panel.traces[0].look.hue, 0u) << "without training";
  const Trace& coop = panel.traces[1];
  ASSERT_EQ(coop.data.size(), 2u) << "none on eurosat";
  EXPECT_DOUBLE_EQ(coop.data[0].x, 72);
  EXPECT_DOUBLE_EQ(coop.data[0].y, panel.y.ticks[0].at);
  EXPECT_DOUBLE_EQ(coop.data[1].x, 42);
  EXPECT_EQ(coop.data[1].text, "coop on dtd: 42.00 %");
  EXPECT_LT(panel.x.least, 42);
  EXPECT_GT(panel.x.most, 72);
}

}  // namespace
}  // namespace promptbed
