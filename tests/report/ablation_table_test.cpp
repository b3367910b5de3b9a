#include <gtest/gtest.h>

#include "report/grid/accuracy_tables.h"
#include "report/made_runs.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

using test::sample_spec;

class AblationTest : public ::testing::Test {
 protected:
  void record(const RunSpec& spec, double base, double on_new, std::optional<ParameterCount> parameters) {
    RunOutcome outcome = test::sample_outcome(spec.dataset, base, on_new);
    outcome.parameters = parameters;
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }
  Report report() { return ablation_report(make_grid(Snapshot(ledger_), {}, Protocol::base_new)); }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(AblationTest, SetsBothCountsBesideAccuracies) {
  record(sample_spec("brands"), 60, 50, ParameterCount{2048, 2048});
  record(sample_spec("brands", 1, "cocoop"), 58, 54, ParameterCount{35360, 34816});
  EXPECT_EQ(render_text(report().table),
            "Learned parameters and base-to-new accuracy (%), 16 shots, mean over seed 1\n"
            "\n"
            "                      Parameters             Accuracy\n"
            "Dataset  Method       all  no biases     Base    New      H\n"
            "-----------------------------------------------------------\n"
            "Average  coop       2,048      2,048    60.00  50.00  54.55\n"
            "         cocoop    35,360     34,816    58.00  54.00  55.93\n"
            "\n"
            "brands   coop       2,048      2,048    60.00  50.00  54.55\n"
            "         cocoop    35,360     34,816    58.00  54.00  55.93\n");
}

TEST_F(AblationTest, CountsThatDifferBetweenDatasetsHaveNoAverage) {
  record(sample_spec("brands"), 60, 50, ParameterCount{100, 100});
  record(sample_spec("office"), 60, 50, ParameterCount{200, 200});
  const Table shown = report().table;
  EXPECT_EQ(shown.rows[0][2].text, "-");
  EXPECT_EQ(shown.notes,
            (std::vector<std::string>{"coop: learns another number of parameters on each dataset"}));
}

TEST_F(AblationTest, RunsOfOlderLedgersHaveNoCount) {
  record(sample_spec("brands"), 60, 50, std::nullopt);
  const Table shown = report().table;
  EXPECT_EQ(shown.rows[1][2].text, "-");
  EXPECT_EQ(
      shown.notes,
      (std::vector<std::string>{"coop: has runs whose parameters were not counted, of an earlier version"}));
}

TEST_F(AblationTest, AMethodWithoutTrainingLearnsNothing) {
  record(test::zero_shot_spec("brands"), 60, 50, std::nullopt);
  EXPECT_EQ(render_csv(report().records),
            "dataset,method,variant,parameters,parameters_without_biases,base,new,h,seeds,complete\n"
            "average,clip_zeroshot,,0,0,60,50,54.54545454545455,,true\n"
            "brands,clip_zeroshot,,0,0,60,50,54.54545454545455,,true\n");
}

}  // namespace
}  // namespace promptbed
