#include "report/figures/figure_few_shot.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace promptbed {
namespace {

const Trace& trace(const Panel& panel, const std::string& name) {
  for (const Trace& found : panel.traces) {
    if (found.name == name) return found;
  }
  throw std::out_of_range(name);
}

/// CoOp with 1 and 16 shots and zero-shot on two datasets.
FewShotTable two_datasets() {
  const auto coop = [](double first, double second) { return make_accuracy({{1, first}, {2, second}}); };
  FewShotTable table{
      .shots = {1, 16}, .seeds = {1, 2}, .datasets = {"brands", "office"}, .series = {}, .notes = {}};
  table.series.push_back({.method = "coop",
                          .variant = "",
                          .cells = {{coop(40, 44), coop(60, 60)}, {coop(50, 50), coop(71, 69)}},
                          .averages = {{coop(45, 47), {}}, {coop(65.5, 64.5), {}}}});
  const Accuracy brands = untrained_accuracy(45), office = untrained_accuracy(55),
                 both = untrained_accuracy(50);
  table.series.push_back({.method = "clip_zeroshot",
                          .variant = "",
                          .cells = {{brands, brands}, {office, office}},
                          .averages = {{both, {}}, {both, {}}}});
  return table;
}

TEST(FewShotFigure, HasThePaperFigureOneForTheAverageAndOneForEachDataset) {
  Looks looks;
  const Figure figure = few_shot_figure(two_datasets(), looks);
  std::vector<std::string> titles;
  for (const Panel& panel : figure.panels) titles.push_back(panel.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"Average over 2 datasets", "brands", "office"}));
}

TEST(FewShotFigure, ACurveHasTheMeanOverSeedsAndOneDeviationEitherWay) {
  Looks looks;
  const Figure figure = few_shot_figure(two_datasets(), looks);
  const Trace& coop = trace(figure.panels[1], "coop");
  EXPECT_EQ(coop.mark, Mark::curve);
  ASSERT_EQ(coop.data.size(), 2u);
  EXPECT_DOUBLE_EQ(coop.data[0].x, 1);
  EXPECT_DOUBLE_EQ(coop.data[0].y, 42);
  EXPECT_DOUBLE_EQ(coop.data[0].low, 40);
  EXPECT_DOUBLE_EQ(coop.data[0].high, 44);
  EXPECT_EQ(coop.data[0].text, "coop, 1 shot: 42.00 % ± 2.00");
  EXPECT_DOUBLE_EQ(coop.data[1].x, 16);
  EXPECT_DOUBLE_EQ(coop.data[1].y, 60);
}

TEST(FewShotFigure, TheFirstPanelShowsTheAveragesOfTheTable) {
  Looks looks;
  const Figure figure = few_shot_figure(two_datasets(), looks);
  const Trace& coop = trace(figure.panels[0], "coop");
  EXPECT_DOUBLE_EQ(coop.data[0].y, 46);
  EXPECT_DOUBLE_EQ(coop.data[1].y, 65);
}

TEST(FewShotFigure, AMissingAccuracyIsNoPoint) {
  FewShotTable table = two_datasets();
  table.series[0].cells[1][0] = {};
  Looks looks;
  const Figure figure = few_shot_figure(table, looks);
  const Trace& coop = trace(figure.panels[2], "coop");
  ASSERT_EQ(coop.data.size(), 1u);
  EXPECT_DOUBLE_EQ(coop.data[0].x, 16);
}

TEST(FewShotFigure, WithoutTrainingThereIsALevelOverAllShots) {
  Looks looks;
  const Figure figure = few_shot_figure(two_datasets(), looks);
  const Trace& level = trace(figure.panels[2], "clip_zeroshot");
  EXPECT_EQ(level.mark, Mark::level);
  EXPECT_EQ(level.look.hue, 0u);
  ASSERT_EQ(level.data.size(), 2u);
  EXPECT_DOUBLE_EQ(level.data[0].x, 1);
  EXPECT_DOUBLE_EQ(level.data[1].x, 16);
  EXPECT_DOUBLE_EQ(level.data[0].y, 55);
  EXPECT_DOUBLE_EQ(level.data[1].y, 55);
}

TEST(FewShotFigure, ShotsDoubleFromTickToTick) {
  Looks looks;
  const Axis shots = few_shot_figure(two_datasets(), looks).panels[0].x;
  EXPECT_TRUE(shots.doubles);
  ASSERT_EQ(shots.ticks.size(), 2u);
  EXPECT_EQ(shots.ticks[0].label, "1");
  EXPECT_EQ(shots.ticks[1].label, "16");
}

TEST(FewShotFigure, OneDatasetHasNoAverage) {
  FewShotTable table = two_datasets();
  table.datasets.pop_back();
  for (FewShotSeries& series : table.series) series.cells.pop_back();
  Looks looks;
  EXPECT_EQ(few_shot_figure(table, looks).panels.size(), 1u);
}

}  // namespace
}  // namespace promptbed
