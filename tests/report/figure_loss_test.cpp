#include <gtest/gtest.h>

#include <limits>

#include "report/figures/grid_figures.h"
#include "report/made_runs.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

class LossFigure : public ::testing::Test {
 protected:
  void add(const std::string& dataset, int64_t seed, const std::vector<double>& losses,
           const std::string& method = "coop") {
    const RunSpec spec = test::all_classes_spec(dataset, seed, 16, method);
    RunOutcome outcome = test::sample_outcome(dataset, 0, 0);
    outcome.epochs.clear();
    for (const double loss : losses)
      outcome.epochs.push_back({.epoch = static_cast<int64_t>(outcome.epochs.size()), .loss = loss});
    ledger_.claim(spec);
    test::finish(ledger_, spec.id(), outcome);
  }

  Figure figure() {
    Looks looks;
    return loss_figure(Snapshot(ledger_), {}, looks);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
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

TEST_F(LossFigure, RunsOfDifferentProtocolsAreNeverAveraged) {
  add("brands", 1, {4, 2});
  RunSpec spec = test::sample_spec("brands");
  RunOutcome outcome = test::sample_outcome("brands", 60, 50);
  outcome.epochs = {{.epoch = 0, .loss = 1}, {.epoch = 1, .loss = 0.5}};
  ledger_.claim(spec);
  test::finish(ledger_, spec.id(), outcome);
  const Figure drawn = figure();
  ASSERT_EQ(drawn.panels.size(), 2u);
  EXPECT_EQ(drawn.panels[0].title, "coop: all classes, 16 shots");
  EXPECT_EQ(drawn.panels[1].title, "coop: base classes, 16 shots");
  EXPECT_DOUBLE_EQ(drawn.panels[0].traces.back().data.at(0).y, 4);
  EXPECT_DOUBLE_EQ(drawn.panels[1].traces.back().data.at(0).y, 1);
  EXPECT_EQ(drawn.panels[0].y.most, drawn.panels[1].y.most) << "on one scale";
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
