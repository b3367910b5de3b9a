#include <gtest/gtest.h>

#include <stdexcept>

#include "report/figures/grid_figures.h"

namespace promptbed {
namespace {

const Trace& trace(const Panel& panel, const std::string& name) {
  for (const Trace& found : panel.traces) {
    if (found.name == name) return found;
  }
  throw std::out_of_range(name);
}

GridCell cell(std::vector<Accuracy> accuracies) {
  return {.accuracies = std::move(accuracies)};
}

/// CoOp with 1 and 16 shots and zero-shot on two datasets.
Grid two_datasets() {
  const auto coop = [](double first, double second) {
    return make_accuracy({{1, first}, {2, second}}, true);
  };
  Grid grid;
  grid.protocol = Protocol::few_shot;
  grid.seeds = {1, 2};
  grid.datasets = {"brands", "office"};
  grid.measures = {{"1 shot", "all", 1}, {"16 shots", "all", 16}};
  grid.series.push_back({.method = "coop",
                         .variant = "",
                         .cells = {cell({coop(40, 44), coop(60, 60)}), cell({coop(50, 50), coop(71, 69)})},
                         .average = cell({coop(45, 47), coop(65.5, 64.5)}),
                         .missing = {{}, {}}});
  const Accuracy brands = seedless_accuracy(45), office = seedless_accuracy(55), both = seedless_accuracy(50);
  grid.series.push_back({.method = "clip_zeroshot",
                         .variant = "",
                         .cells = {cell({brands, brands}), cell({office, office})},
                         .average = cell({both, both}),
                         .missing = {{}, {}}});
  return grid;
}

Figure drawn(const Grid& grid) {
  Looks looks;
  return few_shot_figures(grid, {}, looks).at(0);
}

TEST(FewShotFigure, HasThePaperFigureOneForTheAverageAndOneForEachDataset) {
  const Figure figure = drawn(two_datasets());
  std::vector<std::string> titles;
  for (const Panel& panel : figure.panels) titles.push_back(panel.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"Average over 2 datasets", "brands", "office"}));
}

TEST(FewShotFigure, OfUntrainedMethodsAloneThereIsNone) {
  Grid grid = two_datasets();
  grid.measures = {{"0 shots", "all", 0}};
  grid.series.erase(grid.series.begin());
  for (GridCell& cell : grid.series[0].cells) cell.accuracies.resize(1);
  grid.series[0].average.accuracies.resize(1);
  Looks looks;
  EXPECT_TRUE(few_shot_figures(grid, {}, looks).empty());
}

TEST(FewShotFigure, ACurveHasTheMeanOverSeedsAndOneDeviationEitherWay) {
  const Figure figure = drawn(two_datasets());
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
  const Figure figure = drawn(two_datasets());
  const Trace& coop = trace(figure.panels[0], "coop");
  EXPECT_DOUBLE_EQ(coop.data[0].y, 46);
  EXPECT_DOUBLE_EQ(coop.data[1].y, 65);
}

TEST(FewShotFigure, AMissingAccuracyIsNoPoint) {
  Grid grid = two_datasets();
  grid.series[0].cells[1].accuracies[0] = {};
  const Figure figure = drawn(grid);
  const Trace& coop = trace(figure.panels[2], "coop");
  ASSERT_EQ(coop.data.size(), 1u);
  EXPECT_DOUBLE_EQ(coop.data[0].x, 16);
}

TEST(FewShotFigure, WithoutTrainingThereIsALevelOverAllShots) {
  const Figure figure = drawn(two_datasets());
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
  const Axis shots = drawn(two_datasets()).panels[0].x;
  EXPECT_TRUE(shots.doubles);
  ASSERT_EQ(shots.ticks.size(), 2u);
  EXPECT_EQ(shots.ticks[0].label, "1");
  EXPECT_EQ(shots.ticks[1].label, "16");
}

TEST(FewShotFigure, OneDatasetHasNoAverage) {
  Grid grid = two_datasets();
  grid.datasets.pop_back();
  for (GridSeries& series : grid.series) series.cells.pop_back();
  EXPECT_EQ(drawn(grid).panels.size(), 1u);
}

}  // namespace
}  // namespace promptbed
