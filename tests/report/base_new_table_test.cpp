#include <gtest/gtest.h>
#include <unistd.h>

#include <tuple>

#include "report/grid/accuracy_tables.h"
#include "report/texts.h"
#include "results/sample_runs.h"
#include "support/expect_error.h"
#include "support/scratch.h"
#include "table/render.h"

namespace promptbed {
namespace {

using test::record;
using test::sample_spec;
using test::zero_shot_spec;
using Texts = std::vector<std::string>;

class BaseNewTableTest : public ::testing::Test {
 protected:
  Grid grid(const ReportQuery& query = {}) { return make_grid(Snapshot(ledger_), query, Protocol::base_new); }
  Report report(const ReportQuery& query = {}) { return base_new_report(grid(query)); }

  /// Records a run of `probe`, which serves the base classes only.
  void refuse(const std::string& dataset, double base) {
    RunOutcome outcome = test::sample_outcome(dataset, base, 0);
    outcome.scores.pop_back();
    outcome.refusals.push_back({dataset, "new", "probe: has no weights"});
    const RunSpec spec = sample_spec(dataset, 1, "probe");
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(BaseNewTableTest, HIsTheHarmonicMeanOfTheMeans) {
  record(ledger_, sample_spec("brands", 1), 80, 20);
  record(ledger_, sample_spec("brands", 2), 40, 60);
  const GridCell cell = grid().series.at(0).cells.at(0);
  EXPECT_DOUBLE_EQ(*cell.accuracies[0].mean, 60);
  EXPECT_DOUBLE_EQ(*cell.accuracies[1].mean, 40);
  EXPECT_DOUBLE_EQ(*cell.accuracies[2].mean, 48) << "the mean of the runs' H would be 40";
  EXPECT_DOUBLE_EQ(*spread(cell.accuracies[0], Spread::deviation), 20);
  EXPECT_DOUBLE_EQ(*spread(cell.accuracies[1], Spread::deviation), 20);
  EXPECT_DOUBLE_EQ(*spread(cell.accuracies[2], Spread::deviation), 8) << "of the runs' own H, 32 and 48";
  EXPECT_EQ(cell.accuracies[0].seeds, (std::vector<int64_t>{1, 2}));
}

TEST_F(BaseNewTableTest, TheAverageIsOverDatasetsWithHOfTheAverages) {
  record(ledger_, sample_spec("brands"), 80, 20);
  record(ledger_, sample_spec("office"), 40, 60);
  const GridCell average = grid().series.at(0).average;
  EXPECT_DOUBLE_EQ(*average.accuracies[0].mean, 60);
  EXPECT_DOUBLE_EQ(*average.accuracies[1].mean, 40);
  EXPECT_DOUBLE_EQ(*average.accuracies[2].mean, 48);
}

TEST_F(BaseNewTableTest, RecordsHaveBothConventionsOfAveragingH) {
  record(ledger_, sample_spec("brands", 1), 80, 20);
  record(ledger_, sample_spec("brands", 2), 40, 60);
  record(ledger_, sample_spec("office", 1), 90, 90);
  record(ledger_, sample_spec("office", 2), 90, 90);
  const Table records = report().records;
  EXPECT_EQ(records.columns.back().title, "mean_h");
  constexpr size_t kH = 5;
  EXPECT_NEAR(*records.rows[0][kH].number(), 48, 1e-9);
  EXPECT_NEAR(*records.rows[0].back().number(), 40, 1e-9) << "of the runs' H, 32 and 48";
  EXPECT_NEAR(*records.rows[2][kH].number(), 2 * 75.0 * 65 / 140, 1e-9);
  EXPECT_NEAR(*records.rows[2].back().number(), (48.0 + 90) / 2, 1e-9) << "of the datasets' H";
}

// arXiv 2203.05557, table 1, CoOp: the eleven datasets' base and new accuracy and the paper's own average
// row.
TEST_F(BaseNewTableTest, ThePaperAveragesSo) {
  const std::vector<std::tuple<const char*, double, double>> published = {
      {"imagenet", 76.47, 67.88},      {"caltech101", 98.00, 89.81},     {"oxford_pets", 93.67, 95.29},
      {"stanford_cars", 78.12, 60.40}, {"oxford_flowers", 97.60, 59.67}, {"food101", 88.33, 82.26},
      {"fgvc_aircraft", 40.44, 22.30}, {"sun397", 80.60, 65.89},         {"dtd", 79.44, 41.18},
      {"eurosat", 92.19, 54.74},       {"ucf101", 84.69, 56.05}};
  for (const auto& [dataset, base, on_new] : published) record(ledger_, sample_spec(dataset), base, on_new);
  const GridCell average = grid().series.at(0).average;
  EXPECT_NEAR(*average.accuracies[0].mean, 82.69, 0.0101);
  EXPECT_NEAR(*average.accuracies[1].mean, 63.22, 0.0101);
  EXPECT_NEAR(*average.accuracies[2].mean, 71.66, 0.0101);
}

TEST_F(BaseNewTableTest, RowsAndColumnsComeInTheOrderAsked) {
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, sample_spec("office"), 61.256, 51);
  record(ledger_, zero_shot_spec("brands"), 62, 52);
  const Grid asked =
      grid({.methods = {"coop", "clip_zeroshot"}, .datasets = {"office", "brands"}, .seeds = {1}});
  EXPECT_EQ(render_text(base_new_report(asked).table),
            "Base-to-new accuracy (%), 16 shots, mean over seed 1\n"
            "\n"
            "                  coop                clip_zeroshot\n"
            "Dataset     Base    New      H      Base     New       H\n"
            "--------------------------------------------------------\n"
            "Average    60.63  50.50  55.10    62.00†  52.00†  56.56†\n"
            "office     61.26  51.00  55.66        -       -       -\n"
            "brands     60.00  50.00  54.55    62.00   52.00   56.56\n"
            "\n"
            "† clip_zeroshot: average over 1 of 2 datasets, without office\n");
}

TEST_F(BaseNewTableTest, CsvHasALineForEachDatasetAndMethod) {
  record(ledger_, sample_spec("brands", 1), 80, 20, {7, 13});
  record(ledger_, sample_spec("brands", 2), 40, 60, {7, 13});
  record(ledger_, zero_shot_spec("brands"), 62, 52);
  EXPECT_EQ(render_csv(report().records),
            "dataset,method,variant,base,new,h,base_sd,new_sd,h_sd,seeds,shots,shots_min,shots_max,complete,"
            "refusal,mean_h\n"
            "brands,clip_zeroshot,,62,52,56.56140350877193,,,,,,,,true,,56.56140350877193\n"
            "brands,coop,,60,40,48,20,20,8,1 2,16,7,13,true,,40\n"
            "average,clip_zeroshot,,62,52,56.56140350877193,,,,,,,,true,,56.56140350877193\n"
            "average,coop,,60,40,48,20,20,8,1 2,16,,,true,,48\n");
}

TEST_F(BaseNewTableTest, NotesSayWhatIsMissing) {
  for (const int64_t seed : {1, 2, 3}) record(ledger_, sample_spec("brands", seed), 60, 50);
  for (const int64_t seed : {1, 3}) record(ledger_, sample_spec("places", seed), 60, 50, {7, 13});
  record(ledger_, sample_spec("tiny", 2), 60, 50, {5, 5});
  ledger_.claim(sample_spec("tiny", 3));
  ledger_.ask("base-new", {sample_spec("tiny", 3).id()});
  ledger_.fail(sample_spec("tiny", 3).id(), "broken");
  EXPECT_EQ(
      grid({.methods = {"coop", "cocoop"}, .datasets = {"brands", "places", "tiny", "zoo"}}).notes,
      (Texts{"† coop: average over 3 of 4 datasets, without zoo", "† coop: seeds 1, 3 of 1, 2, 3 on places",
             "† coop: seed 2 of 1, 2, 3 on tiny", "cocoop: no dataset to average over yet",
             "places: has classes of 7 to 13 training images, fewer than 16 shots",
             "tiny: has classes of 5 training images, fewer than 16 shots",
             "1 failed run is missing here; `runner report --table failures` says why"}));
}

TEST_F(BaseNewTableTest, AMethodThatCannotServeNewClassesSaysSoInItsCells) {
  refuse("brands", 60);
  refuse("office", 70);
  const Grid shown = grid();
  EXPECT_EQ(test::texts(base_new_report(shown).table.rows),
            (std::vector<Texts>{{"Average", "65.00", "cannot", "cannot"},
                                {"brands", "60.00", "cannot", "cannot"},
                                {"office", "70.00", "cannot", "cannot"}}));
  EXPECT_EQ(shown.notes, (Texts{"cannot: probe: has no weights"}));
}

TEST_F(BaseNewTableTest, TheBaseAverageOfAMethodThatCannotServeNewClassesMayHaveGaps) {
  refuse("brands", 60);
  record(ledger_, sample_spec("office"), 70, 50);
  const Grid shown = grid({.methods = {"probe"}, .datasets = {"brands", "office"}});
  EXPECT_EQ(test::texts(base_new_report(shown).table.rows),
            (std::vector<Texts>{{"Average", "60.00†", "cannot", "cannot"},
                                {"brands", "60.00", "cannot", "cannot"},
                                {"office", "-", "-", "-"}}));
  EXPECT_EQ(shown.notes, (Texts{"cannot: probe: has no weights",
                                "† probe: average over 1 of 2 datasets, without office"}));
}

TEST_F(BaseNewTableTest, AMissingNewScoreIsNoRefusal) {
  RunOutcome outcome = test::sample_outcome("brands", 60, 50);
  outcome.scores.pop_back();
  ledger_.claim(sample_spec());
  ledger_.ask("base-new", {sample_spec().id()});
  test::finish(ledger_, sample_spec().id(), outcome);
  const Grid shown = grid();
  EXPECT_EQ(test::texts(base_new_report(shown).table.rows.back()), (Texts{"brands", "60.00", "-", "-"}));
  EXPECT_EQ(shown.notes, (Texts{"coop: no dataset to average over yet"}));
}

TEST_F(BaseNewTableTest, MethodsWithoutTrainingServeAnyShotsAndSeeds) {
  record(ledger_, zero_shot_spec("brands"), 62, 52);
  RunSpec four_shots = sample_spec("brands", 3);
  four_shots.shots = 4;
  record(ledger_, four_shots, 60, 50, {4, 4});
  const Grid shown = grid({.shots = {4}, .seeds = {3}});
  ASSERT_EQ(shown.series.size(), 2U);
  EXPECT_EQ(shown.series[0].label(), "clip_zeroshot");
  EXPECT_TRUE(shown.notes.empty());
}

TEST_F(BaseNewTableTest, VariantsNeverShareAColumn) {
  RunSpec sixteen = sample_spec("brands", 2);
  sixteen.options["n_ctx"] = int64_t{16};
  record(ledger_, sample_spec("brands", 1), 60, 50);
  record(ledger_, sixteen, 70, 40);
  const Grid shown = grid();
  ASSERT_EQ(shown.series.size(), 2U);
  EXPECT_EQ(shown.series[0].label(), "coop n_ctx=4") << "whose first run is older";
  EXPECT_DOUBLE_EQ(*shown.series[0].cells[0].accuracies[0].mean, 60);
  EXPECT_EQ(shown.series[1].label(), "coop n_ctx=16");
  EXPECT_DOUBLE_EQ(*shown.series[1].cells[0].accuracies[0].mean, 70);
}

TEST_F(BaseNewTableTest, SeveralModelsHaveToBeChosenFrom) {
  RunSpec other = sample_spec("office");
  other.model = "ffff";
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, other, 70, 40);
  EXPECT_ERROR(grid(), "ledger.db: holds runs of 2 models (6d6f64656c, ffff); choose one with --fingerprint");
  EXPECT_EQ(grid({.model = "ffff"}).datasets, (Texts{"office"}));
}

TEST_F(BaseNewTableTest, AChangedSplitLeavesOutTheEarlierRuns) {
  RunSpec changed = sample_spec("brands");
  changed.split_hash = "another split";
  record(ledger_, sample_spec("brands"), 60, 50);
  ::usleep(2000);  // the ledger's clock has milliseconds
  record(ledger_, changed, 70, 40);
  const Grid shown = grid();
  EXPECT_DOUBLE_EQ(*shown.series.at(0).cells.at(0).accuracies[0].mean, 70);
  EXPECT_EQ(shown.notes, (Texts{"brands: 1 run with an earlier split, template or context words left out"}));
}

/// The run of a seed whose images held what these hashes stand for.
RunSpec with_images(int64_t seed, const std::string& test, const std::string& train) {
  RunSpec spec = sample_spec("brands", seed);
  spec.images = {{"test", test}, {"train", train}};
  return spec;
}

TEST_F(BaseNewTableTest, ChangedTestImagesLeaveOutTheEarlierRuns) {
  record(ledger_, with_images(1, "old", "train 1"), 60, 50);
  record(ledger_, with_images(2, "old", "train 2"), 62, 52);
  ::usleep(2000);  // the ledger's clock has milliseconds
  record(ledger_, with_images(1, "new", "train 1"), 70, 40);
  const Grid shown = grid();
  EXPECT_DOUBLE_EQ(*shown.series.at(0).cells.at(0).accuracies[0].mean, 70) << "never a mean over both";
  EXPECT_EQ(shown.notes,
            (Texts{"brands: 2 runs of other versions of the images than the newest run's left out"}));
}

TEST_F(BaseNewTableTest, ChangedTrainingImagesLeaveOutTheEarlierRunsOfTheirDraw) {
  record(ledger_, with_images(1, "test", "old 1"), 60, 50);
  record(ledger_, with_images(2, "test", "train 2"), 72, 42);
  ::usleep(2000);  // the ledger's clock has milliseconds
  record(ledger_, with_images(1, "test", "new 1"), 70, 40);
  const Grid shown = grid();
  EXPECT_DOUBLE_EQ(*shown.series.at(0).cells.at(0).accuracies[0].mean, 71);
  EXPECT_EQ(shown.notes,
            (Texts{"brands: 1 run of other versions of the images than the newest run's left out"}));
}

TEST_F(BaseNewTableTest, RunsThatDoNotSayWhatTheirImagesHeldAreNotMixedWithThoseThatDo) {
  record(ledger_, sample_spec("brands", 2), 60, 50);
  ::usleep(2000);  // the ledger's clock has milliseconds
  record(ledger_, with_images(1, "test", "train"), 70, 40);
  EXPECT_DOUBLE_EQ(*grid().series.at(0).cells.at(0).accuracies[0].mean, 70);
}

TEST_F(BaseNewTableTest, NamesMethodsThatChoseOnValidationImages) {
  const auto add = [&](const char* method, const char* part) {
    RunSpec spec = sample_spec("brands", 1, method);
    spec.images = {{"test", "0"}, {"train", "1"}};
    if (*part != '\0') spec.images[part] = "2";
    record(ledger_, spec, 60, 50);
  };
  add("coop", "");
  add("gda_clip", "val");
  add("ape", "val");
  add("searcher", "full_val");
  EXPECT_EQ(grid().notes, (Texts{"searcher: chose settings on all validation images",
                                 "ape, gda_clip: chose settings on few-shot validation images"}));
}

TEST_F(BaseNewTableTest, RunsOfOtherProtocolsAreNotInIt) {
  RunSpec all = sample_spec("brands");
  all.classes = "all";
  ledger_.claim(all);
  ledger_.ask("few-shot", {all.id()});
  test::finish(ledger_, all.id(), test::sample_outcome("brands", 60, 50));
  EXPECT_ERROR(
      grid(),
      "ledger.db: holds no finished base-new run, but has few-shot runs of coop (16 shots); run `runner "
      "sweep` first");
}

TEST_F(BaseNewTableTest, NothingToShowSaysWhatThereIs) {
  EXPECT_ERROR(grid(), "ledger.db: holds no finished base-new run; run `runner sweep` first");
  record(ledger_, sample_spec("brands"), 60, 50);
  EXPECT_ERROR(grid({.shots = {4}}),
               "ledger.db: holds no finished base-new run with --shots 4; choose among 16");
  EXPECT_ERROR(grid({.methods = {"cop"}}), "with --methods cop; choose among coop");
  record(ledger_, sample_spec("nature", 1, "cocoop"), 60, 50);
  EXPECT_ERROR(grid({.methods = {"coop"}, .datasets = {"nature"}}),
               "with --methods coop and the other choices; choose among cocoop");
  EXPECT_ERROR(grid({.methods = {"ape"}, .datasets = {"nature"}, .seeds = {9}}),
               "with --methods ape; choose among cocoop, coop");
  for (const char* method : {"ape", "kgcoop", "tcp", "vpt", "maple", "mmrl", "dept", "clap"})
    record(ledger_, sample_spec("brands", 1, method), 60, 50);
  EXPECT_ERROR(grid({.methods = {"radar"}}),
               "choose among ape, clap, cocoop, coop, dept, kgcoop, maple, mmrl and 2 more");
}

TEST_F(BaseNewTableTest, TakesSixteenShotsOrTheOnlyNumber) {
  RunSpec four = sample_spec("brands"), eight = sample_spec("brands");
  four.shots = 4;
  eight.shots = 8;
  record(ledger_, four, 60, 50);
  EXPECT_EQ(grid().shots, 4);
  record(ledger_, eight, 61, 51);
  EXPECT_ERROR(grid(), "ledger.db: has runs at 4, 8 shots; choose one with --shots");
  record(ledger_, sample_spec("brands"), 62, 52);
  EXPECT_EQ(grid().shots, 16);
  EXPECT_ERROR(grid({.shots = {4, 8}}), "--shots 4,8: this table is of one number of shots; choose one");
}

TEST_F(BaseNewTableTest, TheBestOfEachRowIsMarkedByMeasure) {
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, zero_shot_spec("brands"), 62, 49);
  const auto row = report({.methods = {"coop", "clip_zeroshot"}}).table.rows.back();
  std::vector<bool> best;
  for (const Cell& cell : row) best.push_back(cell.best);
  EXPECT_EQ(best, (std::vector<bool>{false, false, true, false, true, false, true}));
}

TEST_F(BaseNewTableTest, TwoGivenDrawsOfOnePlaceHaveToBeChosenFrom) {
  RunSpec one = sample_spec("brands"), other = sample_spec("brands");
  one.draw = "aaaa1111bbbb";
  other.draw = "cccc2222dddd";
  record(ledger_, one, 60, 50);
  record(ledger_, other, 80, 70);
  EXPECT_ERROR(
      grid(), "coop on brands, 16 shots, seed 1: has runs on two given draws; choose one with --where draw=");
  const Grid chosen = grid({.where = {parse_condition("draw=cccc2222")}});
  EXPECT_DOUBLE_EQ(*chosen.series.at(0).cells.at(0).accuracies[0].mean, 80);
}

TEST_F(BaseNewTableTest, TwoGivenDrawsHaveToBeChosenFromThoughTheyDrawOtherImages) {
  RunSpec one = sample_spec("brands"), other = sample_spec("brands");
  one.draw = "aaaa1111bbbb";
  one.images = {{"test", "t"}, {"train", "of one"}};
  other.draw = "cccc2222dddd";
  other.images = {{"test", "t"}, {"train", "of the other"}};
  record(ledger_, one, 60, 50);
  record(ledger_, other, 80, 70);
  EXPECT_ERROR(grid(), "seed 1: has runs on two given draws; choose one with --where draw=");
}

TEST_F(BaseNewTableTest, TwoFilesOfDescriptionsHaveToBeChosenFrom) {
  RunSpec one = zero_shot_spec("brands"), other = zero_shot_spec("brands");
  one.descriptions = "aaaa1111bbbb";
  other.descriptions = "cccc2222dddd";
  record(ledger_, zero_shot_spec("brands"), 40, 30);
  record(ledger_, one, 60, 50);
  EXPECT_EQ(grid().series.size(), 2U) << "without descriptions and with";
  record(ledger_, other, 80, 70);
  EXPECT_ERROR(grid(),
               "clip_zeroshot on brands: has runs with two files of descriptions; choose one with --where "
               "descriptions=");
  EXPECT_EQ(grid({.where = {parse_condition("descriptions=none,aaaa1111")}}).series.size(), 2U);
}

TEST_F(BaseNewTableTest, ConditionsChooseAmongVariants) {
  RunSpec sixteen = sample_spec("brands");
  sixteen.options["n_ctx"] = int64_t{16};
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, sixteen, 70, 40);
  record(ledger_, zero_shot_spec("brands"), 50, 50);
  const Grid shown = grid({.where = {parse_condition("coop.n_ctx=16")}});
  ASSERT_EQ(shown.series.size(), 2U);
  EXPECT_EQ(shown.series[1].label(), "coop");
  EXPECT_DOUBLE_EQ(*shown.series[1].cells[0].accuracies[0].mean, 70);
}

TEST_F(BaseNewTableTest, MethodsThatTheChoicesLeaveOutAreNamed) {
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, zero_shot_spec("brands"), 50, 50);
  record(ledger_, sample_spec("brands", 9, "cocoop"), 60, 50);
  EXPECT_EQ(grid({.seeds = {9}}).notes, (Texts{"no run with these choices: coop"}));
  EXPECT_TRUE(grid({.methods = {"clip_zeroshot"}, .seeds = {9}}).notes.empty());
}

TEST_F(BaseNewTableTest, FiltersOfTrainingThatLeaveUntrainedMethodsAloneAreNamed) {
  RunSpec four = sample_spec("brands");
  four.shots = 4;
  record(ledger_, sample_spec("brands"), 60, 50);
  record(ledger_, four, 60, 50);
  record(ledger_, zero_shot_spec("brands"), 50, 50);
  EXPECT_ERROR(grid({.shots = {3}}), "holds no finished base-new run with --shots 3; choose among 4, 16");
  EXPECT_ERROR(grid({.seeds = {9}}), "with --seeds 9; choose among 1");
  EXPECT_ERROR(grid({.where = {parse_condition("n_ctx=5")}}), "with --where n_ctx=5; choose among 4");
  RunSpec probe = sample_spec("brands", 1, "linear_probe");
  probe.options.clear();
  record(ledger_, probe, 60, 50);
  EXPECT_ERROR(grid({.where = {parse_condition("n_ctx=5")}}), "with --where n_ctx=5; choose among 4");
  EXPECT_FALSE(grid({.methods = {"clip_zeroshot"}, .shots = {3}}).shots) << "they have no shots";
}

TEST_F(BaseNewTableTest, TheSpreadFollowsTheMean) {
  record(ledger_, sample_spec("brands", 1), 80, 20);
  record(ledger_, sample_spec("brands", 2), 40, 60);
  const Table shown = report({.spread = Spread::deviation}).table;
  EXPECT_EQ(shown.title, "Base-to-new accuracy (%), 16 shots, mean ± standard deviation over seeds 1, 2");
  EXPECT_EQ(test::texts(shown.rows.back()),
            (Texts{"brands", "60.00 ± 20.00", "40.00 ± 20.00", "48.00 ± 8.00"}));
}

}  // namespace
}  // namespace promptbed
