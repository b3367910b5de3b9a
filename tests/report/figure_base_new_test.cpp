#include <gtest/gtest.h>

#include <cmath>

#include "report/figures/grid_figures.h"
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

  Grid grid() { return make_grid(Snapshot(ledger_), {}, Protocol::base_new); }

  static std::vector<const Trace*> traces(const Figure& figure, Mark mark, bool faint = false,
                                          size_t panel = 0) {
    std::vector<const Trace*> found;
    for (const Trace& trace : figure.panels.at(panel).traces) {
      if (trace.mark == mark && trace.faint == faint) found.push_back(&trace);
    }
    return found;
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(BaseNewFigure, HasAPointForTheAverageOfEachMethod) {
  Looks looks;
  const Figure figure = plane_figure(grid(), looks);
  const auto found = traces(figure, Mark::points);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1]->name, "coop");
  ASSERT_EQ(found[1]->data.size(), 1u);
  EXPECT_DOUBLE_EQ(found[1]->data[0].x, 65);
  EXPECT_DOUBLE_EQ(found[1]->data[0].y, 35);
  EXPECT_EQ(found[1]->data[0].text, "coop: base 65.00 %, new 35.00 %, H 45.50 %");
  EXPECT_EQ(found[0]->name, "clip_zeroshot");
  EXPECT_EQ(found[0]->look.hue, 0u);
}

TEST_F(BaseNewFigure, HasAPalePointForEachDatasetBehindTheAverages) {
  Looks looks;
  const Figure figure = plane_figure(grid(), looks);
  EXPECT_TRUE(traces(figure, Mark::points, /*faint=*/true).empty())
      << "the averages have a panel of their own";
  const auto found = traces(figure, Mark::points, /*faint=*/true, 1);
  ASSERT_EQ(found.size(), 3u);
  ASSERT_EQ(found[2]->data.size(), 2u);
  EXPECT_EQ(found[2]->data[1].text, "cocoop on office: base 72.00 %, new 36.50 %, H 48.44 %");
  EXPECT_EQ(found[2]->look, traces(figure, Mark::points)[2]->look);
}

TEST_F(BaseNewFigure, ZoomsOnTheCrowdAndShowsWhatIsFarFromItBesides) {
  for (const char* dataset : {"brands", "office"})
    record(ledger_, sample_spec(dataset, 1, "coop_ctx60"), 60, 1);
  Looks looks;
  const Figure figure = plane_figure(grid(), looks);
  EXPECT_GT(figure.panels[0].y.least, 20) << "though coop_ctx60 is at 1";
  EXPECT_LE(figure.panels[1].y.least, 1);
  EXPECT_TRUE(traces(figure, Mark::points).back()->data.empty());
  EXPECT_EQ(traces(figure, Mark::points, false, 1).back()->data.size(), 1u);
  EXPECT_NE(figure.caption.find("1 method lies beyond the axes"), std::string::npos) << figure.caption;
}

TEST_F(BaseNewFigure, EveryPointOfAContourHasItsH) {
  Looks looks;
  const Figure figure = plane_figure(grid(), looks);
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
  ledger_.ask("base-new", {spec.id()});
  test::finish(ledger_, spec.id(), outcome);
  Looks looks;
  const Figure figure = plane_figure(grid(), looks);
  for (const Trace& trace : figure.panels[0].traces) {
    EXPECT_TRUE(trace.name != "probe" || trace.data.empty());
  }
}

TEST_F(BaseNewFigure, GainsAreSortedAndHaveIntervals) {
  const Figure figure = gains_figure(versus(grid(), "coop"), "cocoop");
  EXPECT_EQ(figure.title, "What cocoop gains over coop");
  ASSERT_EQ(figure.panels.size(), 2u) << "base and new";
  const Panel& base = figure.panels[0];
  EXPECT_EQ(base.title, "Base: cocoop − coop, mean −1.5 ± 44.5");
  ASSERT_EQ(base.y.ticks.size(), 2u);
  EXPECT_EQ(base.y.ticks[0].label, "office") << "the greatest gain is on top";
  EXPECT_EQ(base.y.ticks[1].label, "brands");
  ASSERT_EQ(base.traces.size(), 1u);
  const std::vector<Datum>& bars = base.traces[0].data;
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_DOUBLE_EQ(bars[0].x, 2);
  EXPECT_DOUBLE_EQ(bars[0].y, base.y.ticks[0].at);
  EXPECT_DOUBLE_EQ(bars[0].low, 2) << "one pair has no interval";
  EXPECT_DOUBLE_EQ(bars[0].high, 2);
  EXPECT_DOUBLE_EQ(bars[1].x, -5);
  const Panel& on_new = figure.panels[1];
  EXPECT_EQ(on_new.y.ticks[0].label, "brands");
  EXPECT_EQ(on_new.x.least, base.x.least) << "bars of both panels can be compared";
  EXPECT_EQ(on_new.x.most, base.x.most);
}

TEST_F(BaseNewFigure, AnIntervalIsCutWhereItWouldHideTheBars) {
  record(ledger_, sample_spec("brands", 2), 62, 40);
  record(ledger_, sample_spec("brands", 2, "cocoop"), 61, 47);
  const Panel base = gains_figure(versus(grid(), "coop"), "cocoop").panels.at(0);
  const Datum& brands = base.traces[0].data.at(1);
  EXPECT_DOUBLE_EQ(brands.x, -3) << "of -5 and -1, with an interval of 25 points";
  EXPECT_DOUBLE_EQ(brands.low, base.x.least);
  EXPECT_GE(base.x.least, -20);
  EXPECT_NE(brands.text.find("± 25.41"), std::string::npos) << brands.text;
}

TEST_F(BaseNewFigure, GainsOfAllMethodsStandSideBySideOnOneScale) {
  const Figure all = gains_figure(versus(grid(), "clip_zeroshot"));
  ASSERT_EQ(all.panels.size(), 4u);
  for (const Panel& panel : all.panels) {
    EXPECT_EQ(panel.x.least, all.panels[0].x.least);
    EXPECT_EQ(panel.x.most, all.panels[0].x.most);
  }
  EXPECT_ERROR(gains_figure(versus(grid(), "clip_zeroshot"), "maple"), "maple: is not a column");
}

/// Records runs of a method on both datasets that learned this many numbers.
class SimplestMethod : public ::testing::Test {
 protected:
  void record(RunSpec spec, int64_t parameters, double base, double on_new) {
    for (const char* dataset : {"brands", "office"}) {
      spec.dataset = dataset;
      spec.split_hash = std::string("split of ") + dataset;
      RunOutcome outcome = test::sample_outcome(dataset, base, on_new);
      outcome.parameters = ParameterCount{parameters, parameters};
      ledger_.claim(spec);
      ledger_.ask("base-new", {spec.id()});
      test::finish(ledger_, spec.id(), outcome);
    }
  }

  std::vector<Figure> figures(const std::optional<std::string>& versus = {}) {
    Looks looks;
    return base_new_figures(make_grid(Snapshot(ledger_), {}, Protocol::base_new), versus, looks);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(SimplestMethod, IsUntrainedAndTheBestIsComparedWithIt) {
  record(sample_spec("", 1, "worse"), 10, 60, 40);
  record(sample_spec("", 1, "better"), 500, 60, 50);
  record(zero_shot_spec(), 0, 50, 60);
  EXPECT_EQ(figures().at(1).title, "What better gains over clip_zeroshot");
}

TEST_F(SimplestMethod, HasTheFewestParametersIfAllAreTrained) {
  record(sample_spec("", 1, "large"), 500, 60, 50);
  record(sample_spec("", 1, "small"), 10, 70, 60);
  EXPECT_EQ(figures().at(1).title, "What large gains over small");
}

TEST_F(SimplestMethod, GivesWayToTheOneAskedFor) {
  record(sample_spec("", 1, "large"), 500, 60, 50);
  record(sample_spec("", 1, "small"), 10, 70, 60);
  EXPECT_EQ(figures("large").at(1).title, "What is gained over large");
}

TEST_F(SimplestMethod, IsNotComparedWithItself) {
  record(sample_spec("", 1, "small"), 10, 70, 60);
  EXPECT_EQ(figures().size(), 1u) << "the plane alone";
}

}  // namespace
}  // namespace promptbed
