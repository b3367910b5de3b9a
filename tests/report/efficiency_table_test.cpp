#include "report/grid/efficiency.h"

#include <gtest/gtest.h>

#include "report/made_runs.h"
#include "report/texts.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

using test::sample_spec;
using Texts = std::vector<std::string>;

class EfficiencyTableTest : public ::testing::Test {
 protected:
  /// A run that trained for two epochs in `training` seconds and tested 400 images in 2 s.
  void record(const RunSpec& spec, double training, const std::string& host = "bench") {
    RunOutcome outcome = test::sample_outcome(spec.dataset, 60, 50);
    outcome.parameters = ParameterCount{2048, 2048};
    outcome.execution.host = host;
    outcome.execution.seconds = {{"set-up", 1}, {"training", training}, {"evaluation", 2}};
    outcome.execution.test_images = test_images_;
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }
  EfficiencyTable table() { return efficiency_table(Snapshot(ledger_), {}); }

  int64_t test_images_ = 400;
  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(EfficiencyTableTest, HasMeansOverSeeds) {
  record(sample_spec("brands", 1), 10);
  record(sample_spec("brands", 2), 14);
  const Report report = table().report();
  EXPECT_EQ(test::texts(report.table.rows),
            (std::vector<Texts>{{"brands", "coop", "base", "16", "2,048", "0.38", "12.00", "200", "1,074"}}))
      << "epochs of 0.5 and 0.25 s; 400 images in 2 s";
  EXPECT_EQ(report.table.notes, (Texts{"bench, 2 threads: a processor, LibTorch 1.13.1, openblas"}));
}

TEST_F(EfficiencyTableTest, RecordsAreInSecondsAndBytes) {
  record(sample_spec("brands"), 10);
  EXPECT_EQ(render_csv(table().report().records),
            "dataset,method,classes,shots,seeds,parameters,parameters_without_biases,epoch_seconds,"
            "training_seconds,test_images_per_second,peak_memory,machine\n"
            "brands,coop,base,16,1,2048,2048,0.375,10,200,1073741824,\"bench, 2 threads\"\n");
}

TEST_F(EfficiencyTableTest, MachinesAreNeverAveraged) {
  record(sample_spec("brands", 1), 10, "fast");
  record(sample_spec("brands", 2), 30, "slow");
  const auto rows = test::texts(table().report().table.rows);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].back(), "fast, 2 threads");
  EXPECT_EQ(rows[0][6], "10.00");
  EXPECT_EQ(rows[1][6], "30.00");
}

TEST_F(EfficiencyTableTest, AMethodWithoutTrainingHasNoTrainingTime) {
  record(test::zero_shot_spec("brands"), 10);
  EXPECT_EQ(test::texts(table().report().table.rows.front()),
            (Texts{"brands", "clip_zeroshot", "-", "-", "0", "0.38", "-", "200", "1,074"}));
}

TEST_F(EfficiencyTableTest, TestsThatWereAddedLaterDoNotCount) {
  const RunSpec spec = sample_spec("brands");
  record(spec, 10);
  RunOutcome more;
  more.scores = {test::sample_score("office", "all", 30)};
  more.execution.seconds = {{"evaluation", 0.001}};
  more.execution.test_images = 200;
  ledger_.claim(spec, Redo::yes);
  ledger_.add_tests(spec.id(), more);
  EXPECT_EQ(table().rows.at(0).images_per_second, 200);
}

TEST_F(EfficiencyTableTest, OlderLedgersDidNotCountTestImages) {
  test_images_ = 0;
  record(sample_spec("brands"), 10);
  EXPECT_EQ(table().rows.at(0).images_per_second, std::nullopt);
}

}  // namespace
}  // namespace promptbed
