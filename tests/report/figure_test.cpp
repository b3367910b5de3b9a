#include "report/figures/figure.h"

#include <gtest/gtest.h>

#include <set>

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
  const Trace coop{.name = "coop", .mark = Mark::curve, .data = {Datum()}};
  const Trace contour{.name = "H 50", .mark = Mark::contour, .data = {}};
  const Trace behind{.name = "coop", .mark = Mark::points, .faint = true, .data = {Datum()}};
  const Trace mean{.name = "mean", .mark = Mark::line, .data = {Datum()}};
  const Trace level{.name = "clip_zeroshot", .mark = Mark::level, .data = {Datum()}};
  const Trace untold{.name = "taskres", .mark = Mark::points, .data = {}};
  const Figure figure{.id = "",
                      .title = "",
                      .caption = "",
                      .panels = {{.title = "a", .x = {}, .y = {}, .traces = {contour, behind, coop}},
                                 {.title = "b", .x = {}, .y = {}, .traces = {coop, mean, level, untold}}}};
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

TEST(Looks, OfTwentyMethodsAreAllDifferent) {
  Looks looks;
  std::set<std::pair<size_t, size_t>> seen;
  for (int i = 0; i < 20; ++i) {
    const Look look = looks.of("method" + std::to_string(i), true);
    seen.insert({(look.hue - 1) % kHues, look.shape});
    EXPECT_LT(look.shape, kShapes);
  }
  EXPECT_EQ(seen.size(), 20u);
}

TEST(Looks, OfVariantsDifferInShapeAlone) {
  Looks looks;
  const Look coop = looks.of("coop", true);
  std::set<size_t> shapes;
  for (const char* variant : {"coop n_ctx=4", "coop n_ctx=8", "coop n_ctx=16", "coop n_ctx=32"}) {
    EXPECT_EQ(looks.of(variant, true).hue, coop.hue);
    shapes.insert(looks.of(variant, true).shape);
  }
  EXPECT_EQ(shapes.size(), 4u);
  EXPECT_EQ(looks.of("coop n_ctx=4", true), coop) << "the first is as the method";
  EXPECT_EQ(looks.of("cocoop", true).hue, coop.hue + 1) << "variants take no hue";
}

TEST(Legend, IsGreyWhereOneNameHasSeveralLooks) {
  const Panel one{.title = "",
                  .x = {},
                  .y = {},
                  .traces = {{.name = "base", .look = {.hue = 1, .shape = 1}, .data = {Datum()}}}};
  Panel other = one;
  EXPECT_EQ(legend_of({.id = "", .title = "", .caption = "", .panels = {one, other}}).at(0).look.hue, 1u);
  other.traces[0].look.hue = 2;
  EXPECT_EQ(legend_of({.id = "", .title = "", .caption = "", .panels = {one, other}}).at(0).look, Look());
}

TEST(Axis, OfCountsHasWholeTicks) {
  for (const int64_t most : {1, 2, 5, 10, 50, 200}) {
    const Axis axis = axis_of_counts("epoch", most);
    EXPECT_GE(axis.most, static_cast<double>(most));
    EXPECT_GE(axis.ticks.size(), 2u);
    EXPECT_LE(axis.ticks.size(), 9u);
    for (const Tick& tick : axis.ticks) EXPECT_EQ(tick.label, std::to_string(static_cast<int64_t>(tick.at)));
  }
}

TEST(Axis, PanelsShareTheLengthOfTheLongest) {
  std::vector<Panel> panels(2);
  panels[0].y = axis_between("accuracy (%)", 20, 80);
  panels[1].y = axis_between("accuracy (%)", 50, 52);
  share_length_of_y(panels);
  EXPECT_DOUBLE_EQ(panels[1].y.least, 21);
  EXPECT_DOUBLE_EQ(panels[1].y.most, 81);
  EXPECT_DOUBLE_EQ(panels[0].y.most, 80);
}

}  // namespace
}  // namespace promptbed
