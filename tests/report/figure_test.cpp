#include "report/figures/figure.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> labels;
  for (const Tick& tick : axis.ticks) labels.push_back(tick.label);
  return labels;
}

TEST(Figure, NumbersOnAnAxisAreRound) {
  EXPECT_EQ(labels(axis_between("", 0, 1)), (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8", "1"}));
  EXPECT_EQ(labels(axis_between("", 33.4, 72)), (std::vector<std::string>{"40", "50", "60", "70"}));
  EXPECT_EQ(labels(axis_between("", -6.3, 5.1)), (std::vector<std::string>{"−6", "−4", "−2", "0", "2", "4"}));
  EXPECT_EQ(labels(axis_between("", 0, 206)), (std::vector<std::string>{"0", "50", "100", "150", "200"}));
}

TEST(Figure, AnAxisHoldsAllItsValuesAndSomeRoom) {
  const Axis axis = axis_over("accuracy (%)", {20, 70, 45});
  EXPECT_EQ(axis.label, "accuracy (%)");
  EXPECT_DOUBLE_EQ(axis.least, 16);
  EXPECT_DOUBLE_EQ(axis.most, 74);
  const Axis alone = axis_over("", {50});
  EXPECT_LT(alone.least, 50);
  EXPECT_GT(alone.most, 50);
}

TEST(Figure, TheFirstNameOfAnAxisIsOnTop) {
  const Axis axis = axis_of_names({"dtd", "pets"});
  EXPECT_EQ(labels(axis), (std::vector<std::string>{"dtd", "pets"}));
  EXPECT_GT(axis.ticks[0].at, axis.ticks[1].at);
  EXPECT_LT(axis.least, axis.ticks[1].at);
}

TEST(Figure, AVeryLongNameIsCutBetweenTwoCharacters) {
  const Axis axis = axis_of_names({std::string(60, 'x'), "ääääääääääääääääääääääääääää"});
  EXPECT_EQ(axis.ticks[0].label, std::string(25, 'x') + "…");
  EXPECT_EQ(axis.ticks[1].label, "äääääääääääääääääääääääää…");
}

TEST(Figure, TheLegendNamesEachMethodOnceAndNothingElse) {
  const Trace coop{.name = "coop", .mark = Mark::curve, .data = {}};
  const Trace contour{.name = "H 50", .mark = Mark::contour, .data = {}};
  const Trace behind{.name = "coop", .mark = Mark::points, .faint = true, .data = {}};
  const Trace mean{.name = "mean", .mark = Mark::line, .data = {}};
  const Trace level{.name = "clip_zeroshot", .mark = Mark::level, .data = {}};
  const Figure figure{.id = "",
                      .title = "",
                      .caption = "",
                      .panels = {{.title = "a", .x = {}, .y = {}, .traces = {contour, behind, coop}},
                                 {.title = "b", .x = {}, .y = {}, .traces = {coop, mean, level}}}};
  std::vector<std::string> names;
  for (const Trace& trace : legend_of(figure)) names.push_back(trace.name);
  EXPECT_EQ(names, (std::vector<std::string>{"coop", "clip_zeroshot"}));
}

TEST(Figure, WordsSayWhatIsInFront) {
  const Panel panel{
      .title = "",
      .x = {},
      .y = {},
      .traces = {{.name = "all", .faint = true, .data = {{.text = "behind"}}},
                 {.name = "coop", .data = {{.text = "1 shot: 40"}, {.text = ""}, {.text = "2 shots: 50"}}}}};
  EXPECT_EQ(describe(panel), "1 shot: 40; 2 shots: 50");
}

TEST(Looks, AreKeptAndDifferInHueAndShape) {
  Looks looks;
  const Look coop = looks.of("coop", true), zero_shot = looks.of("clip_zeroshot", false),
             cocoop = looks.of("cocoop", true);
  EXPECT_EQ(looks.of("coop", true), coop);
  EXPECT_EQ(zero_shot.hue, 0u);
  EXPECT_NE(coop.hue, cocoop.hue);
  EXPECT_NE(coop.shape, cocoop.shape);
  EXPECT_NE(coop.shape, zero_shot.shape);
}

}  // namespace
}  // namespace promptbed
