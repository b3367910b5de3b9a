#include "report/grid/published.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "data/suites/suite.h"
#include "report/grid/paper.h"
#include "report/made_runs.h"
#include "report/texts.h"
#include "results/statistics.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

const std::filesystem::path kSuites = std::filesystem::path(PROMPTBED_SOURCE_DIR) / "datasets";
constexpr const char* kBackbone = "ViT-B/16";

Published paper_called(const std::string& title) {
  const std::vector<Published> papers = read_published(kSuites);
  return *std::ranges::find(papers, title, &Published::title);
}

const Published& paper() {
  static const Published of_three_methods = paper_called("CoCoOp");
  return of_three_methods;
}

/// A run such as a sweep with defaults makes of a paper's method.
RunSpec run_of(const std::string& method, const std::string& dataset = "caltech101", int64_t seed = 1) {
  RunSpec spec = test::sample_spec(dataset, seed, method);
  spec.prompt_template = "a photo of a {}.";
  spec.context_init = "a photo of a";
  spec.options = {{"n_ctx", int64_t{4}},
                  {"ctx_init", std::string("a photo of a")},
                  {"csc", false},
                  {"position", std::string("end")}};
  if (method == "cocoop") {
    spec.options.erase("csc");
    spec.options.erase("position");
    spec.recipe->epochs = 10;
    spec.recipe->batch_size = 1;
  }
  if (method == "clip_zeroshot") {
    spec = test::zero_shot_spec(dataset);
    spec.prompt_template = "a photo of a {}.";
    spec.options = {{"templates", std::string("dataset")}};
  }
  return spec;
}

/// A run such as a sweep with defaults makes of KgCoOp, of which there are averages alone.
RunSpec kgcoop_run(const DatasetSpec& dataset) {
  RunSpec spec = run_of("kgcoop", dataset.id);
  spec.prompt_template = dataset.prompt_template;
  spec.options = {{"n_ctx", int64_t{4}},
                  {"ctx_init", std::string("a photo of a")},
                  {"distance", std::string("cosine")},
                  {"weight", 8.0}};
  spec.recipe->epochs = 100;
  spec.recipe->batch_size = 128;
  return spec;
}

double published(Protocol protocol, const std::string& method, const std::string& dataset,
                 const std::string& measure = "Accuracy") {
  return paper().figures.at({protocol, method, dataset}).at(measure);
}

/// A measure of a method on all datasets of a table but those that sum others up.
std::vector<double> rows_of(Protocol protocol, const std::string& method, const std::string& measure,
                            const std::set<std::string>& without) {
  std::vector<double> values;
  for (const auto& [place, figures] : paper().figures) {
    const auto& [of, name, dataset] = place;
    if (of == protocol && name == method && !without.contains(dataset)) values.push_back(figures.at(measure));
  }
  return values;
}

// Every average of arXiv 2203.05557, table 1, follows from the rows of the eleven datasets, H from the two
// means. The rows are rounded to a hundredth, and so is the average.
TEST(Published, AveragesOfBaseNewFollowFromTheDatasetRows) {
  for (const char* method : {"clip_zeroshot", "coop", "cocoop"}) {
    const auto rows = [&](const char* measure) {
      return rows_of(Protocol::base_new, method, measure, {"average"});
    };
    const std::vector<double> base = rows("Base"), on_new = rows("New"), h = rows("H");
    ASSERT_EQ(base.size(), 11U) << method;
    for (size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(harmonic_mean(base[i], on_new[i]), h[i], 0.0101);
    const auto average = [&](const char* measure) {
      return published(Protocol::base_new, method, "average", measure);
    };
    EXPECT_NEAR(mean(base), average("Base"), 0.0101) << method;
    EXPECT_NEAR(mean(on_new), average("New"), 0.0101) << method;
    EXPECT_NEAR(harmonic_mean(mean(base), mean(on_new)), average("H"), 0.0101) << method;
  }
}

// Table 2.
TEST(Published, AveragesOfCrossDatasetFollowFromTheTargets) {
  for (const char* method : {"coop", "cocoop"}) {
    const std::vector<double> targets =
        rows_of(Protocol::cross_dataset, method, "Accuracy", {"imagenet", "average_of_targets"});
    ASSERT_EQ(targets.size(), 10U);
    EXPECT_NEAR(mean(targets), published(Protocol::cross_dataset, method, "average_of_targets"), 0.0101)
        << method;
  }
}

// Table 3 prints no average; those of its rows are printed by arXiv 2210.03117 (MaPLe).
TEST(Published, AveragesOfDomainsAreThoseThatLaterPapersPrint) {
  for (const auto& [method, average] :
       std::map<std::string, double>{{"clip_zeroshot", 57.18}, {"coop", 59.28}, {"cocoop", 59.91}})
    EXPECT_NEAR(mean(rows_of(Protocol::domain, method, "Accuracy", {"imagenet"})), average, 0.0101) << method;
}

TEST(Published, ParametersAreThoseOfTheAblation) {
  for (const auto& [method, parameters] :
       std::map<std::string, double>{{"coop", 2048}, {"coop_ctx60", 30720}, {"cocoop", 34816}})
    EXPECT_EQ(published(Protocol::base_new, method, "imagenet", kPublishedParameters), parameters);
}

TEST(Published, DefaultRunsMatch) {
  for (const char* method : {"clip_zeroshot", "coop", "cocoop"})
    EXPECT_EQ(paper().mismatch(run_of(method), kBackbone), std::nullopt) << method;
}

TEST(Published, ImageNetIsTrainedForFiftyEpochs) {
  RunSpec spec = run_of("coop", "imagenet");
  EXPECT_EQ(paper().mismatch(spec, kBackbone), "epochs is 200, the paper's 50");
  spec.recipe->epochs = 50;
  EXPECT_EQ(paper().mismatch(spec, kBackbone), std::nullopt);
}

TEST(Published, WhateverDiffersIsNamed) {
  const auto mismatch = [](const RunSpec& spec) {
    return paper().mismatch(spec, kBackbone).value_or("none");
  };
  RunSpec spec = run_of("coop");
  EXPECT_EQ(paper().mismatch(spec, "ViT-B/32"), "the model is ViT-B/32, the paper's ViT-B/16");
  EXPECT_EQ(paper().mismatch(spec, ""),
            "the architecture of the model is not known; its runs are of an earlier version");
  spec.shots = 4;
  EXPECT_EQ(mismatch(spec), "the shots are 4, the paper's 16");
  spec = run_of("coop");
  spec.options["n_ctx"] = int64_t{16};
  EXPECT_EQ(mismatch(spec), "n_ctx is 16, the paper's 4");
  spec = run_of("coop");
  spec.views = 0;
  EXPECT_EQ(mismatch(spec), "views is 0, the paper's 10");
  spec = run_of("coop");
  spec.crops.least = 0.7;
  EXPECT_EQ(mismatch(spec), "the training crops cover 70 to 100 % of the area, the paper's 8 to 100 %");
  spec = run_of("clip_zeroshot");
  spec.crops.least = 0.7;
  EXPECT_EQ(spec.views, 0);
  EXPECT_EQ(mismatch(spec), "the training crops cover 70 to 100 % of the area, the paper's 8 to 100 %");
  spec = run_of("coop");
  spec.recipe->groups[0].learning_rate = 0.01;
  EXPECT_EQ(mismatch(spec), "learning_rate is 0.01, the paper's 0.002");
  spec = run_of("coop");
  spec.recipe->optimiser = OptimiserKind::adamw;
  EXPECT_EQ(mismatch(spec), "epsilon is 1e-08, the paper's none");
  spec = run_of("coop");
  spec.draw = "abcd";
  EXPECT_EQ(mismatch(spec), "the draw is the user's own");
  spec.draw.clear();
  spec.changes.noise = LabelNoise{NoiseKind::symmetric, 0.4};
  EXPECT_EQ(mismatch(spec), "the draw was changed by --label-noise symmetric:0.4, the paper's was not");
  spec.changes = {};
  spec.descriptions = "abcd";
  EXPECT_EQ(mismatch(spec), "the user's file describes the classes");
  spec = run_of("clip_zeroshot");
  spec.options["templates"] = std::string("ensemble");
  EXPECT_EQ(mismatch(spec), "templates is \"ensemble\", the paper's \"dataset\"");
  spec = run_of("clip_zeroshot");
  spec.prompt_template = "a drawing of a {}.";
  EXPECT_EQ(mismatch(spec), "prompt_template is \"a drawing of a {}.\", the paper's \"a photo of a {}.\"");
  EXPECT_EQ(mismatch(run_of("kgcoop")), "the method is not in the paper");
}

class PaperTableTest : public ::testing::Test {
 protected:
  PaperTable base_new(const std::string& architecture = kBackbone) {
    return paper_table(make_grid(Snapshot(ledger_), {}, Protocol::base_new), read_published(kSuites),
                       architecture);
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

TEST_F(PaperTableTest, SetsThePaperBesideOnesOwn) {
  for (const int64_t seed : {1, 2, 3}) {
    test::record(ledger_, run_of("coop", "caltech101", seed), 97, 90);
    test::record(ledger_, run_of("coop", "sun397", seed), 80, 66);
  }
  const Table table = base_new().report().table;
  EXPECT_EQ(table.columns.at(1).title, "Base");
  EXPECT_EQ(table.columns.at(2).title, "paper");
  EXPECT_EQ(
      test::texts(table.rows),
      (std::vector<std::vector<std::string>>{
          {"Average", "88.50", "89.30", "-0.80", "78.00", "77.85", "+0.15", "82.92", "83.18", "-0.26"},
          {"caltech101", "97.00", "98.00", "-1.00", "90.00", "89.81", "+0.19", "93.37", "93.73", "-0.36"},
          {"sun397", "80.00", "80.60", "-0.60", "66.00", "65.89", "+0.11", "72.33", "72.51", "-0.18"}}));
  ASSERT_EQ(table.notes.size(), 2U);
  EXPECT_NE(table.notes[0].find("arXiv 2203.05557. table 1; ViT-B/16, 16 shots, mean over seeds 1, 2, 3"),
            std::string::npos)
      << table.notes[0];
  EXPECT_EQ(table.notes[1], "the model's architecture is the paper's; whether its weights are is not known");
}

TEST_F(PaperTableTest, AnotherModelIsComparedWithNothing) {
  test::record(ledger_, run_of("coop"), 97, 90);
  const Table table = base_new("ViT-S/8").report().table;
  EXPECT_EQ(test::texts(table.rows.back()),
            (std::vector<std::string>{"caltech101", "97.00", "90.00", "93.37"}));
  EXPECT_EQ(table.notes,
            (std::vector<std::string>{"not compared, for the model is ViT-S/8, the paper's ViT-B/16: coop"}));
}

TEST_F(PaperTableTest, ADatasetThatThePaperHasNotLeavesTheAverageOpen) {
  test::record(ledger_, run_of("coop", "caltech101"), 97, 90);
  test::record(ledger_, run_of("coop", "brands"), 60, 50);
  const Table table = base_new().report().table;
  EXPECT_EQ(test::texts(table.rows.at(0)),
            (std::vector<std::string>{"Average", "78.50", "-", "-", "70.00", "-", "-", "74.01", "-", "-"}));
  EXPECT_EQ(table.notes.at(0), "not compared, for the paper has no figures of it: coop on brands");
  EXPECT_EQ(table.notes.at(3), "the seeds are 1, the paper's 1, 2, 3");
}

TEST_F(PaperTableTest, APrintedAverageStandsBesideOneOverTheSameDatasets) {
  const Suite suite = read_suite(kSuites, "paper");
  for (const DatasetSpec& dataset : suite.datasets) test::record(ledger_, kgcoop_run(dataset), 80, 75);
  const Table table = base_new().report().table;
  EXPECT_EQ(test::texts(table.rows.at(0)),
            (std::vector<std::string>{"Average", "80.00", "80.73", "-0.73", "75.00", "73.60", "+1.40",
                                      "77.42", "77.00", "+0.42"}));
  EXPECT_EQ(test::texts(table.rows.at(1)), (std::vector<std::string>{"caltech101", "80.00", "-", "-", "75.00",
                                                                     "-", "-", "77.42", "-", "-"}));
  EXPECT_NE(table.notes.at(0).find("arXiv 2303.13283. base, new and H as listed in"), std::string::npos)
      << table.notes.at(0);
}

TEST_F(PaperTableTest, APrintedAverageIsNotComparedWithOneOverOtherDatasets) {
  const Suite suite = read_suite(kSuites, "paper");
  for (size_t i = 0; i < 3; ++i) test::record(ledger_, kgcoop_run(suite.datasets[i]), 80, 75);
  EXPECT_EQ(
      base_new().report().table.notes,
      (std::vector<std::string>{"not compared, for the paper's figures are averages over 11 datasets, of "
                                "which 8 are not here or not comparable: kgcoop"}));
  for (size_t i = 3; i < suite.datasets.size(); ++i)
    test::record(ledger_, kgcoop_run(suite.datasets[i]), 80, 75);
  DatasetSpec own = suite.datasets.front();
  own.id = "brands";
  test::record(ledger_, kgcoop_run(own), 60, 50);
  const std::vector<std::string> notes = base_new().report().table.notes;
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_TRUE(notes[0].starts_with("not compared, for the average is over more than the paper's datasets: "))
      << notes[0];
  EXPECT_EQ(notes[1], "not compared, for the paper has no figures of it: kgcoop on brands");
}

TEST_F(PaperTableTest, APrintedAverageIsNotComparedWhereNewIsMissing) {
  const Suite suite = read_suite(kSuites, "paper");
  for (size_t i = 1; i < suite.datasets.size(); ++i)
    test::record(ledger_, kgcoop_run(suite.datasets[i]), 80, 75);
  const RunSpec half = kgcoop_run(suite.datasets[0]);
  RunOutcome outcome = test::sample_outcome(half.dataset, 80, 75);
  outcome.scores.pop_back();
  ledger_.claim(half);
  ledger_.ask("base-new", {half.id()});
  test::finish(ledger_, half.id(), outcome);
  const Table table = base_new().report().table;
  EXPECT_EQ(test::texts(table.rows.at(0)).size(), 4U) << "nothing of the paper's stands there";
  EXPECT_NE(table.notes.at(0).find("of which 1 is not here or not comparable: kgcoop"), std::string::npos)
      << table.notes.at(0);
}

TEST_F(PaperTableTest, AnotherMethodsDatasetsDoNotCount) {
  for (const DatasetSpec& dataset : read_suite(kSuites, "paper").datasets)
    test::record(ledger_, kgcoop_run(dataset), 80, 75);
  test::record(ledger_, run_of("coop", "brands"), 60, 50);
  const Table table = base_new().report().table;
  const std::vector<std::string> average = test::texts(table.rows.at(0));
  EXPECT_NE(std::ranges::find(average, "80.73"), average.end());
}

/// A suite with one dataset and a paper's JSON, of which `tables` is given.
std::filesystem::path suite_with_paper(const test::ScratchFolder& scratch, const std::string& tables) {
  const std::filesystem::path folder = scratch / "suites/mine";
  write_file(folder / "suite.json", R"({"id": "mine", "title": "Mine", "datasets": ["caltech101"]})");
  std::filesystem::copy_file(kSuites / "paper/caltech101.json", folder / "caltech101.json");
  write_file(folder / "published/paper.json",
             R"({"title": "Mine", "source": "here", "citation": "Mine.", "backbone": "ViT-L/14", "shots": 99,
                 "seeds": [1], "settings": {}, "tables": )" +
                 tables +
                 R"(, "methods": [{"method": "coop", "called": ["A"], "settings": {}, "datasets": {}},
                                           {"method": "cocoop", "called": ["B"], "settings": {}, "datasets": {}}]})");
  write_file(folder / "published/one.csv", "model,params,base,new,h\nA,1,2,3,2.4\n");
  return scratch / "suites";
}

TEST_F(PaperTableTest, APaperWithAnAblationAloneIsCheckedAsAllAre) {
  const auto suites = suite_with_paper(
      scratch_, R"({"ablation": {"place": "table 5", "file": "one.csv", "dataset": "caltech101"}})");
  test::record(ledger_, run_of("coop"), 97, 90);
  const PaperTable table =
      paper_table(make_grid(Snapshot(ledger_), {}, Protocol::base_new), read_published(suites), kBackbone);
  EXPECT_EQ(
      table.notes,
      (std::vector<std::string>{"not compared, for the model is ViT-B/16, the paper's ViT-L/14: coop"}));
}

TEST_F(PaperTableTest, AMethodWithoutAnAverageIsNotCompared) {
  const auto suites = suite_with_paper(
      scratch_,
      R"({"base-new": {"place": "x", "averages": [{"method": "A", "Base": 1, "New": 2, "H": 1.3}]}})");
  RunSpec spec = run_of("cocoop");
  spec.shots = 99;
  spec.options.clear();
  spec.recipe.reset();
  test::record(ledger_, spec, 97, 90);
  const PaperTable table =
      paper_table(make_grid(Snapshot(ledger_), {}, Protocol::base_new), read_published(suites), "ViT-L/14");
  EXPECT_EQ(table.notes.at(0), "not compared, for the paper has no figures of it: cocoop");
}

TEST(Published, AveragesAreOfBaseNewAlone) {
  const test::ScratchFolder scratch;
  const auto suites = suite_with_paper(
      scratch, R"({"domain": {"place": "x", "averages": [{"method": "A", "Base": 1, "New": 2, "H": 1.3}]}})");
  EXPECT_ERROR(read_published(suites), "paper.json: ");
}

TEST(Published, CropsAreThePapersOwn) {
  EXPECT_EQ(paper().crops, CropRange());
  EXPECT_EQ(paper_called("MMRL").crops.least, 0.5);
}

TEST_F(PaperTableTest, TransfersHaveThePapersAverageOfTheSameTargets) {
  RunSpec spec = run_of("coop", "imagenet");
  spec.classes = "all";
  spec.recipe->epochs = 50;
  test::record_all(ledger_, "cross-dataset", spec, {{"imagenet", 71}, {"dtd", 42}, {"ucf101", 67}});
  const PaperTable compared = paper_table(make_grid(Snapshot(ledger_), {}, Protocol::cross_dataset),
                                          read_published(kSuites), kBackbone);
  EXPECT_EQ(test::texts(compared.report().table.rows),
            (std::vector<std::vector<std::string>>{{"imagenet (source)", "71.00", "71.51", "-0.51"},
                                                   {"dtd", "42.00", "41.92", "+0.08"},
                                                   {"ucf101", "67.00", "66.55", "+0.45"},
                                                   {"Average of targets", "54.50", "54.23", "+0.27"}}));
}

TEST(Published, AFaultyFileIsNamed) {
  test::ScratchFolder scratch;
  const auto folder = scratch / "mine" / "published";
  write_file(folder / "paper.json", R"({"title": "Mine"})");
  EXPECT_ERROR(read_published(scratch.path()), "paper.json: ");
}

}  // namespace
}  // namespace promptbed
