#include "report/figures/figure_base_new.h"

#include <gtest/gtest.h>

#include <cmath>

#include "results/sample_runs.h"
#include "results/statistics.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::record;
using test::sample_spec;
using test::zero_shot_spec;

class BaseNewFigure : public ::testing::Test {
 protected:
  BaseNewFigure() {
    record(ledger_, sample_spec("brands"), 60, 40);
    record(ledger_, sample_spec("office"), 70, 30);
    record(ledger_, sample_spec("brands", 1, "cocoop"), 55, 47);
    record(ledger_, sample_spec("office", 1, "cocoop"), 72, 36.5);
    record(ledger_, zero_shot_spec("brands"), 50, 52);
    record(ledger_, zero_shot_spec("office"), 58, 50);
  }

  BaseNewTable table() { return base_new_table(ledger_, {}); }

  static std::vector<const Trace*> traces(const Figure& figure, Mark mark, bool faint = false) {
    std::vector<const Trace*> found;
    for (const Trace& trace : figure.panels.at(0).traces) {
      if (trace.mark == mark && trace.faint == faint) found.push_back(&trace);
    }
    return found;
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(BaseNewFigure, HasAPointForTheAverageOfEachMethod) {
  Looks looks;
  const Figure figure = base_new_figure(table(), looks);
  const auto found = traces(figure, Mark::points);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2]->name, "coop");
  ASSERT_EQ(found[2]->data.size(), 1u);
  EXPECT_DOUBLE_EQ(found[2]->data[0].x, 65);
  EXPECT_DOUBLE_EQ(found[2]->data[0].y, 35);
  EXPECT_EQ(found[2]->data[0].text, "coop: base 65.00 %, new 35.00 %, H 45.50 %");
  EXPECT_EQ(found[0]->name, "clip_zeroshot");
  EXPECT_EQ(found[0]->look.hue, 0u);
}

TEST_F(BaseNewFigure, HasAPalePointForEachDatasetBehindTheAverages) {
  Looks looks;
  const Figure figure = base_new_figure(table(), looks);
  const auto found = traces(figure, Mark::points, /*faint=*/true);
  ASSERT_EQ(found.size(), 3u);
  ASSERT_EQ(found[1]->data.size(), 2u);
  EXPECT_EQ(found[1]->data[1].text, "cocoop on office: base 72.00 %, new 36.50 %, H 48.44 %");
  EXPECT_EQ(found[1]->look, traces(figure, Mark::points)[1]->look);
}

TEST_F(BaseNewFigure, EveryPointOfAContourHasItsH) {
  Looks looks;
  const Figure figure = base_new_figure(table(), looks);
  const auto contours = traces(figure, Mark::contour);
  ASSERT_GE(contours.size(), 2u);
  for (const Trace* contour : contours) {
    const double h = std::stod(contour->name.substr(2));
    for (const Datum& datum : contour->data) {
      EXPECT_NEAR(harmonic_mean(datum.x, datum.y), h, 1e-9);
      EXPECT_LE(datum.y, figure.panels[0].y.most);
      EXPECT_GE(datum.y, figure.panels[0].y.least);
    }
  }
}

TEST_F(BaseNewFigure, AMethodThatCannotServeNewClassesHasNoPoint) {
  RunOutcome outcome = test::sample_outcome("brands", 80, 0);
  outcome.scores.pop_back();
  outcome.refusals.push_back({"brands", "new", "probe: has no weights"});
  const RunSpec spec = sample_spec("brands", 1, "probe");
  ledger_.claim(spec);
  test::finish(ledger_, spec.id(), outcome);
  Looks looks;
  const Figure figure = base_new_figure(table(), looks);
  for (const Trace& trace : figure.panels[0].traces) {
    EXPECT_TRUE(trace.name != "probe" || trace.data.empty());
  }
}

TEST_F(BaseNewFigure, GainsAreSortedAndSignedByHue) {
  const Figure figure = gains_figure(versus(comparison_of(table()), "coop"), "cocoop");
  EXPECT_EQ(figure.title, "What cocoop gains over coop");
  ASSERT_EQ(figure.panels.size(), 2u) << "base and new";
  const Panel& base = figure.panels[0];
  EXPECT_EQ(base.title, "Base: cocoop − coop, mean −1.5");
  ASSERT_EQ(base.y.ticks.size(), 2u);
  EXPECT_EQ(base.y.ticks[0].label, "office") << "the greatest gain is on top";
  EXPECT_EQ(base.y.ticks[1].label, "brands");
  const Trace &up = base.traces.at(0), &down = base.traces.at(1);
  ASSERT_EQ(up.data.size(), 1u);
  EXPECT_DOUBLE_EQ(up.data[0].x, 2);
  EXPECT_DOUBLE_EQ(up.data[0].y, base.y.ticks[0].at);
  ASSERT_EQ(down.data.size(), 1u);
  EXPECT_DOUBLE_EQ(down.data[0].x, -5);
  EXPECT_NE(up.look.hue, down.look.hue);
  const Panel& unseen = figure.panels[1];
  EXPECT_EQ(unseen.y.ticks[0].label, "brands");
  EXPECT_EQ(unseen.x.least, base.x.least) << "bars of both panels can be compared";
  EXPECT_EQ(unseen.x.most, base.x.most);
}

TEST_F(BaseNewFigure, GainsOfAllMethodsStandSideBySide) {
  EXPECT_EQ(gains_figure(versus(comparison_of(table()), "clip_zeroshot")).panels.size(), 4u);
  EXPECT_ERROR(gains_figure(versus(comparison_of(table()), "clip_zeroshot"), "maple"), "maple: is no column");
}

}  // namespace
}  // namespace promptbed
