#include "report/figures/figure_transfer.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

TransferTable two_targets() {
  TransferTable table;
  table.protocol = "cross-dataset";
  table.source = "imagenet";
  table.targets = {"dtd", "eurosat"};
  TransferColumn zero_shot, coop;
  zero_shot.method = "clip_zeroshot";
  zero_shot.source = untrained_accuracy(66);
  zero_shot.targets = {untrained_accuracy(44), untrained_accuracy(47)};
  coop.method = "coop";
  coop.source = make_accuracy({{1, 71}, {2, 73}});
  coop.targets = {make_accuracy({{1, 42}}), Accuracy()};
  table.columns = {zero_shot, coop};
  return table;
}

TEST(TransferFigure, HasTheSourceOnTopAndARowForEachTarget) {
  Looks looks;
  const Axis rows = transfer_figure(two_targets(), looks).panels.at(0).y;
  ASSERT_EQ(rows.ticks.size(), 3u);
  EXPECT_EQ(rows.ticks[0].label, "imagenet (source)");
  EXPECT_EQ(rows.ticks[2].label, "eurosat");
}

TEST(TransferFigure, HasAPointForEachAccuracyThatIsThere) {
  Looks looks;
  const Panel panel = transfer_figure(two_targets(), looks).panels.at(0);
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
