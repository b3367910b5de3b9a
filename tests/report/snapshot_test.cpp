#include "report/select/snapshot.h"

#include <gtest/gtest.h>

#include "report/figures/grid_figures.h"
#include "report/made_runs.h"
#include "report/select/selection.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::sample_spec;

class SnapshotTest : public ::testing::Test {
 protected:
  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(SnapshotTest, HasEachRunWithItsTests) {
  test::record(ledger_, sample_spec("office"), 70, 40);
  test::record(ledger_, sample_spec("brands"), 60, 50);
  const Snapshot snapshot(ledger_);
  ASSERT_EQ(snapshot.runs().size(), 2U);
  const RunResults& brands = snapshot.runs()[0];
  EXPECT_EQ(brands.spec().dataset, "brands");
  EXPECT_EQ(brands.score("brands", "new")->accuracy, 50);
  EXPECT_EQ(brands.score("brands", "all"), nullptr);
  EXPECT_EQ(snapshot.runs()[1].score("office", "base")->accuracy, 70);
}

TEST_F(SnapshotTest, HasUntrainedMethodsFirstAndTheOthersAsTheirFirstRunsCame) {
  for (const char* method : {"kgcoop", "coop", "cocoop"})
    test::record(ledger_, sample_spec("brands", 1, method), 60, 50);
  test::record(ledger_, test::zero_shot_spec("brands"), 60, 50);
  test::record(ledger_, sample_spec("office", 1, "kgcoop"), 60, 50);
  const Snapshot snapshot(ledger_);
  EXPECT_EQ(snapshot.methods(), (std::vector<std::string>{"clip_zeroshot", "kgcoop", "coop", "cocoop"}));
  std::vector<std::string> of_runs;
  for (const RunResults& run : snapshot.runs())
    of_runs.push_back(run.spec().method + " on " + run.spec().dataset);
  EXPECT_EQ(of_runs, (std::vector<std::string>{"clip_zeroshot on brands", "kgcoop on brands",
                                               "kgcoop on office", "coop on brands", "cocoop on brands"}));
}

TEST_F(SnapshotTest, ASeedOf0IsOneWhereOthersAreThere) {
  RunSpec online = test::zero_shot_spec("brands");
  online.method = "tda";
  test::record(ledger_, test::zero_shot_spec("brands"), 60, 50);
  for (const int64_t seed : {0, 1}) {
    online.seed = seed;
    test::record(ledger_, online, 60, 50);
  }
  const Snapshot snapshot(ledger_);
  for (const RunResults& run : snapshot.runs()) EXPECT_EQ(run.has_seed(), run.spec().method == "tda");
  EXPECT_EQ(runs_in(snapshot, {.methods = {"tda"}, .seeds = {1}}, {}, {}).size(), 1U);
}

TEST_F(SnapshotTest, AMethodLooksTheSameWhateverAFigureShows) {
  for (const char* method : {"coop", "kgcoop"})
    test::record(ledger_, sample_spec("brands", 1, method), 60, 50);
  test::record(ledger_, test::zero_shot_spec("brands"), 60, 50);
  const Snapshot snapshot(ledger_);
  Looks alone = looks_of(snapshot), all = looks_of(snapshot);
  all.of("clip_zeroshot", false);
  all.of("coop n_ctx=4", true);
  EXPECT_EQ(alone.of("kgcoop", true), all.of("kgcoop", true));
  EXPECT_EQ(alone.of("kgcoop", true).hue, 2u) << "after coop, which this figure does not show";
}

TEST_F(SnapshotTest, LeavesOutProtocolsOfNewerVersions) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  ledger_.ask("segmentation", {sample_spec("brands").id()});
  EXPECT_EQ(Snapshot(ledger_).runs().at(0).record.protocols, std::vector<Protocol>{Protocol::base_new});
}

TEST_F(SnapshotTest, DoesNotSeeWhatComesLater) {
  const Snapshot snapshot(ledger_);
  test::record(ledger_, sample_spec("brands"), 60, 50);
  EXPECT_TRUE(snapshot.runs().empty());
}

TEST_F(SnapshotTest, ReadsTheRestOnceAndOnlyIfAsked) {
  test::record(ledger_, sample_spec("brands"), 60, 50);
  ledger_.describe({.fingerprint = sample_spec().model, .name = "small", .architecture = "ViT-S/8"});
  const Snapshot snapshot(ledger_);
  EXPECT_EQ(snapshot.reads(), 3) << "runs, scores and refusals";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(snapshot.execution(sample_spec("brands").id()).host, "bench");
    EXPECT_EQ(snapshot.epochs(sample_spec("brands").id()).size(), 2U);
    EXPECT_EQ(snapshot.model(sample_spec().model)->architecture, "ViT-S/8");
  }
  EXPECT_EQ(snapshot.reads(), 6);
}

TEST_F(SnapshotTest, AnUnfinishedRunHasNoExecution) {
  ledger_.claim(sample_spec("brands"));
  const Snapshot snapshot(ledger_);
  EXPECT_TRUE(snapshot.epochs(sample_spec("brands").id()).empty());
  EXPECT_ERROR(snapshot.execution(sample_spec("brands").id()), "was never finished");
}

}  // namespace
}  // namespace promptbed
