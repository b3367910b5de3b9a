#include "report/exports/exports.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "report/made_runs.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

class Exports : public ::testing::Test {
 protected:
  void add(const RunSpec& spec, const RunOutcome& outcome) {
    ledger_.claim(spec);
    ledger_.ask("base-new", {spec.id()});
    test::finish(ledger_, spec.id(), outcome);
  }

  /// A run of two epochs, the second of which diverged, tracked after it.
  static RunOutcome outcome() {
    RunOutcome outcome = test::sample_outcome("brands", 60, 50);
    outcome.epochs[1].loss = std::nan("");
    outcome.tracked = {{1, "base", 61}, {1, "new", 51}};
    return outcome;
  }

  test::ScratchFolder scratch_;
  Ledger ledger_{scratch_ / "ledger.db"};
};

Runs all_of(const Snapshot& snapshot) {
  return runs_in(snapshot, {}, {}, RunStatus::done);
}

TEST_F(Exports, CsvHasANumberALine) {
  const RunSpec spec = test::sample_spec();
  add(spec, outcome());
  const Snapshot snapshot(ledger_);
  const std::string csv = export_csv(snapshot, all_of(snapshot));
  const std::string run = spec.id() + ",coop,,brands,base,16,1,";
  EXPECT_TRUE(csv.starts_with("run,method,variant,dataset,classes,shots,seed,metric,epoch,value\n" + run +
                              "train/loss,1,2.5\n" + run + "train/learning_rate,1,1e-05\n" + run +
                              "train/seconds,1,0.5\n" + run + "train/loss,2,nan\n"))
      << csv;
  EXPECT_NE(csv.find(run + "tracked/new,2,51\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find(run + "test/brands/base/accuracy,,60\n"), std::string::npos) << csv;
}

TEST_F(Exports, VariantsOfAMethodAreToldApart) {
  add(test::sample_spec(), outcome());
  RunSpec longer = test::sample_spec();
  longer.options["n_ctx"] = int64_t{8};
  add(longer, outcome());
  RunSpec on_all = test::sample_spec("office");
  on_all.classes = "all";
  on_all.options["n_ctx"] = int64_t{16};
  add(on_all, test::sample_outcome("office", 60, 50));
  add(test::zero_shot_spec(), test::sample_outcome("brands", 50, 60));
  const Snapshot snapshot(ledger_);
  const std::string csv = export_csv(snapshot, all_of(snapshot));
  for (const char* part :
       {",coop,n_ctx=4,brands,", ",coop,n_ctx=8,brands,", ",coop,,office,all,", ",clip_zeroshot,,brands,"})
    EXPECT_NE(csv.find(part), std::string::npos) << part << csv;
  const std::string lines = export_json_lines(snapshot, all_of(snapshot));
  EXPECT_NE(lines.find("\"method\":\"coop\",\"variant\":\"n_ctx=8\","), std::string::npos) << lines;
}

TEST_F(Exports, AnUntrainedRunHasNeitherShotsNorSeed) {
  add(test::zero_shot_spec(), [] {
    RunOutcome outcome = test::sample_outcome("brands", 50, 60);
    outcome.epochs.clear();
    return outcome;
  }());
  const Snapshot snapshot(ledger_);
  EXPECT_NE(export_csv(snapshot, all_of(snapshot))
                .find(",clip_zeroshot,,brands,,,,test/brands/base/accuracy,,50\n"),
            std::string::npos);
  const auto json = nlohmann::json::parse(export_json_lines(snapshot, all_of(snapshot)));
  EXPECT_EQ(json.at("name"), "clip_zeroshot on brands");
  EXPECT_TRUE(json.at("seed").is_null());
  EXPECT_EQ(json.at("epochs"), nlohmann::json::array());
}

TEST_F(Exports, JsonLinesHaveARunALine) {
  add(test::sample_spec(), outcome());
  add(test::sample_spec("brands", 2), outcome());
  const Snapshot snapshot(ledger_);
  const std::string lines = export_json_lines(snapshot, all_of(snapshot));
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
  const auto run = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(run.at("name"), "coop on brands, base classes, 16 shots, seed 1");
  EXPECT_EQ(run.at("config").at("options").at("n_ctx"), 4);
  ASSERT_EQ(run.at("epochs").size(), 2u);
  EXPECT_EQ(run.at("epochs")[0].at("epoch"), 1);
  EXPECT_EQ(run.at("epochs")[0].at("train/loss"), 2.5);
  EXPECT_TRUE(run.at("epochs")[1].at("train/loss").is_null()) << "a loss that is no number";
  EXPECT_EQ(run.at("epochs")[1].at("tracked/base"), 61);
  EXPECT_EQ(run.at("scores").at("test/brands/new/accuracy"), 50);
}

TEST_F(Exports, TensorboardHasAFileForEachRun) {
  add(test::sample_spec(), outcome());
  add(test::sample_spec("brands", 2), outcome());
  const Snapshot snapshot(ledger_);
  for (int time = 0; time < 2; ++time) export_tensorboard(snapshot, all_of(snapshot), scratch_ / "out");
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch_ / "out"))
    files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 2u) << "a later export replaces the files";
  const std::string id = test::sample_spec().id().substr(0, 8);
  const std::string file = read_file(scratch_ / "out/coop/brands" / ("base-16shots-seed1-" + id) /
                                     "events.out.tfevents.promptbed");
  EXPECT_NE(file.find("train/loss"), std::string::npos);
  EXPECT_NE(file.find("test/brands/new/accuracy"), std::string::npos);
}

TEST_F(Exports, NoNameInALedgerLeadsOutOfTheFolder) {
  RunSpec spec = test::sample_spec("../../evil");
  spec.method = "..";
  RunOutcome made = outcome();
  for (Score& score : made.scores) score.dataset = spec.dataset;
  add(spec, made);
  const Snapshot snapshot(ledger_);
  export_tensorboard(snapshot, all_of(snapshot), scratch_ / "deep/out");
  EXPECT_TRUE(fs::exists(scratch_ / "deep/out/_./_._.._evil"));
  EXPECT_FALSE(fs::exists(scratch_ / "evil"));
}

}  // namespace
}  // namespace promptbed
