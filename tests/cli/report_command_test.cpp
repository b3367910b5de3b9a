#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/files.h"
#include "report/made_runs.h"
#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::all_classes_spec;
using test::count_lines;
using test::Finished;
using test::record;
using test::record_all;
using test::sample_spec;
using test::zero_shot_spec;

/// `runner report` on a ledger that a test has made.
class ReportCommand : public ::testing::Test {
 protected:
  ReportCommand() {
    ledger_.emplace(scratch_ / "runs/promptbed.db");
    ledger_->describe({.fingerprint = sample_spec().model, .name = "small", .architecture = "ViT-S/8"});
  }
  Finished report(const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {"report"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return test::run_runner(scratch_.path(), {"COLUMNS=100"}, arguments);
  }
  std::string text(const std::vector<std::string>& words) {
    const Finished result = report(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }

  test::ScratchFolder scratch_;
  std::optional<Ledger> ledger_;
};

TEST_F(ReportCommand, FailsIfItsOutputCannotBeWritten) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  for (const std::string format : {"text", "json"}) {
    const std::vector<std::string> words = {"report", "--format", format};
    const Finished full = test::run_runner(scratch_.path(), {}, words, "", "/dev/full");
    EXPECT_EQ(full.code, 1);
    EXPECT_EQ(full.err,
              "runner: standard output: cannot be written (No space left on device); the output is "
              "incomplete; run it again with another destination\n");
    const Finished closed = test::run_runner(scratch_.path(), {}, words, "", "&-");
    EXPECT_EQ(closed.code, 1);
    EXPECT_NE(closed.err.find("standard output: cannot be written (Bad file descriptor)"), std::string::npos);
  }
}

/// Outputs that would replace what they are made from. trust.md names this.
class OutputFiles : public ReportCommand {};

TEST_F(OutputFiles, DoNotReplaceALedger) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  ledger_.reset();
  std::filesystem::create_symlink("runs/promptbed.db", scratch_ / "link.svg");
  const std::string whole = read_file(scratch_ / "runs/promptbed.db");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"report", "--output", "runs/promptbed.db"},
        {"report", "--plot", "link.svg"},
        {"runs", "export", "--output", "runs/promptbed.db"},
        {"runs", "export", "--format", "jsonl", "--output", "link.svg"}}) {
    const Finished result = test::run_runner(scratch_.path(), {}, words);
    EXPECT_EQ(result.code, 2) << words[1];
    EXPECT_NE(result.err.find("is a ledger or another database, which would be lost"), std::string::npos)
        << result.err;
    EXPECT_EQ(read_file(scratch_ / "runs/promptbed.db"), whole);
  }
}

TEST_F(ReportCommand, NamesAFilterThatLeavesUntrainedRunsAlone) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  record(*ledger_, zero_shot_spec("brands"), 50, 60);
  for (const std::string command : {"report", "report --table runs", "runs list", "runs export"}) {
    for (const std::string filter : {"--seeds 99", "--shots 99", "--where views=99", "--where n_ctx=99"}) {
      std::vector<std::string> words;
      std::istringstream in(command + ' ' + filter);
      for (std::string word; in >> word;) words.push_back(word);
      const Finished result = test::run_runner(scratch_.path(), {}, words);
      EXPECT_EQ(result.code, 2) << command << ' ' << filter;
      EXPECT_NE(result.err.find(filter + "; choose among "), std::string::npos) << result.err;
    }
  }
}

TEST_F(ReportCommand, WarnsOfValuesThatNoRunHas) {
  for (const int64_t seed : {1, 2}) record(*ledger_, sample_spec("brands", seed), 60, 50);
  record(*ledger_, zero_shot_spec("brands"), 50, 60);
  const std::vector<std::string> filters = {"--methods", "coop,coopp", "--seeds",    "1-4",
                                            "--where",   "n_ctx=4,5",  "--datasets", "brands,brand"};
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"report", "--format", "csv"}, {"runs", "list", "--format", "csv"}, {"runs", "export"}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), filters.begin(), filters.end());
    const Finished result = test::run_runner(scratch_.path(), {}, words);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err,
              "warning: --methods coopp: no run has that; choose among clip_zeroshot, coop\n"
              "warning: --datasets brand: no run has that; choose among brands\n"
              "warning: --seeds 3, 4: no run has those; choose among 1, 2\n"
              "warning: --where n_ctx=5: no run has that; choose among 4\n")
        << words.front();
  }
  EXPECT_EQ(report({"--methods", "coop,clip_zeroshot", "--seeds", "1,2"}).err, "");
  EXPECT_EQ(report({"--methods", "clip_zeroshot", "--seeds", "1,2"}).err, "");
  ledger_.reset();
  std::filesystem::remove(scratch_ / "runs/promptbed.db");
  Ledger untrained(scratch_ / "runs/promptbed.db");
  record(untrained, zero_shot_spec("brands"), 50, 60);
  EXPECT_EQ(report({"--seeds", "1,2", "--where", "views=10"}).err, "") << "concern no run";
}

TEST_F(ReportCommand, WarnsOfNoTargetThatWasTestedOn) {
  RunOutcome outcome = test::sample_outcome("brands", 60, 50);
  outcome.scores.push_back(test::sample_score("flags", "all", 40));
  const RunSpec spec = sample_spec("brands");
  ledger_->claim(spec);
  ledger_->ask("cross-dataset", {spec.id()});
  test::finish(*ledger_, spec.id(), outcome);
  const std::string err = report({"--table", "runs", "--datasets", "brands,flags,flag"}).err;
  EXPECT_EQ(err, "warning: --datasets flag: no run has that; choose among brands\n");
}

TEST_F(ReportCommand, RefusesAllDatasetsBesideOthers) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  const Finished result = report({"--datasets", "all,brands"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("all stands for every dataset"), std::string::npos) << result.err;
}

TEST_F(ReportCommand, TakesAllDatasetsByName) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  EXPECT_EQ(text({"--datasets", "all"}), text({}));
}

TEST_F(ReportCommand, WritesEveryFormat) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  record(*ledger_, zero_shot_spec("brands"), 62, 48);
  EXPECT_TRUE(text({}).starts_with("Base-to-new accuracy (%), 16 shots, mean over seed 1\n\n"));
  EXPECT_NE(text({"--format", "markdown"}).find("| brands | **62.00** | 48.00 | 54.11 |"), std::string::npos);
  EXPECT_NE(text({"--format", "latex"}).find("brands & \\textbf{62.00} & 48.00 & 54.11 &"),
            std::string::npos);
  EXPECT_NE(text({"--format", "csv"}).find("\nbrands,coop,,60,50,54.54545454545455,"), std::string::npos);
  const auto json = nlohmann::json::parse(text({"--format", "json", "--methods", "coop"}));
  EXPECT_EQ(json.at("query"), nlohmann::json({{"table", "base-new"}, {"methods", {"coop"}}}));
  EXPECT_EQ(json.at("rows").at(0).at("base"), 60.0);
}

TEST_F(ReportCommand, WritesToAFile) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  EXPECT_EQ(text({"--format", "csv", "--output", "out/table.csv"}), "");
  EXPECT_TRUE(read_file(scratch_ / "out/table.csv").starts_with("dataset,method,variant,base,"));
}

TEST_F(ReportCommand, FitsTheWidthThatIsGiven) {
  for (const char* method : {"coop", "cocoop", "kgcoop"})
    record(*ledger_, sample_spec("brands", 1, method), 60, 50);
  const Finished narrow = test::run_runner(scratch_.path(), {"COLUMNS=60"}, {"report"});
  size_t longest = 0, from = 0;
  for (size_t end = narrow.out.find('\n'); end != std::string::npos; end = narrow.out.find('\n', from)) {
    longest = std::max(longest, end - from);
    from = end + 1;
  }
  EXPECT_LE(longest, 60U) << narrow.out;
  EXPECT_EQ(narrow.out.find('\x1b'), std::string::npos) << "no terminal, no colour";
}

TEST_F(ReportCommand, ShowsTheTablesOfAllProtocols) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  record_all(*ledger_, "few-shot", all_classes_spec("brands", 1, 4), 55);
  record_all(*ledger_, "cross-dataset", all_classes_spec("office"), {{"office", 70}, {"brands", 40}});
  record_all(*ledger_, "domain", all_classes_spec("zoo"), {{"zoo", 70}, {"zoo_drawn", 30}});
  EXPECT_NE(text({"--table", "few-shot"}).find("brands   coop      55.00"), std::string::npos);
  EXPECT_NE(text({"--table", "cross-dataset"}).find("office (source)       70.00"), std::string::npos);
  EXPECT_NE(text({"--table", "domain"}).find("zoo_drawn             30.00"), std::string::npos);
  EXPECT_NE(text({"--table", "ablation"}).find("no biases"), std::string::npos);
  EXPECT_NE(text({"--table", "efficiency"}).find("Peak (MB)"), std::string::npos);
  EXPECT_TRUE(text({"--table", "runs"}).starts_with("4 runs\n"));
  EXPECT_TRUE(text({"--table", "failures"}).starts_with("0 runs with a failure\n"));
}

TEST_F(ReportCommand, SaysWhyThePaperIsNotCompared) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  EXPECT_NE(text({"--paper"}).find("* not compared, for the model is ViT-S/8, the paper's ViT-B/16: coop\n"),
            std::string::npos);
}

TEST_F(ReportCommand, SetsMethodsAgainstOneAnother) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  record(*ledger_, zero_shot_spec("brands"), 62, 48);
  EXPECT_NE(text({"--versus", "clip_zeroshot"}).find("brands     -2.00  +2.00"), std::string::npos);
}

TEST_F(ReportCommand, AnswersWrongInputWithOneLineAndExitCode2) {
  record(*ledger_, sample_spec("brands"), 60, 50);
  write_file(scratch_ / "foreign.db", std::string(5000, 'x'));
  { const Ledger empty(scratch_ / "empty.db"); }
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--table", "radar"},
       "--table radar: known: base-new, open-world, calibration, by-epoch, few-shot, cross-dataset, domain, "
       "ablation, efficiency, runs, failures"},
      {{"--format", "word"}, "--format word: known: text, markdown, csv, json, latex"},
      {{"--spread", "wide"}, "--spread wide: known: none, sd, interval"},
      {{"--table", "few-shot"},
       "runs/promptbed.db: holds no finished few-shot run, but has base-new runs of coop (16 shots); run "
       "`runner "
       "sweep --protocol few-shot` first"},
      {{"--table", "runs", "--versus", "coop"},
       "--versus: goes with the tables base-new, open-world, few-shot, cross-dataset, domain"},
      {{"--table", "efficiency", "--paper"},
       "--paper: goes with the tables base-new, cross-dataset, domain, ablation"},
      {{"--source", "brands"}, "--source: goes with the tables cross-dataset, domain, not with base-new"},
      {{"--table", "runs", "--spread", "sd"}, "--spread: goes with means of accuracies alone; leave it out"},
      {{"--paper", "--versus", "coop"}, "--paper and --versus are two tables; leave one of them out"},
      {{"--versus", "coop"}, "--versus coop: is alone in the table; add another method with --methods"},
      {{"--where", "n_ctx"}, "--where n_ctx: give [METHOD.]SETTING=VALUE"},
      {{"--model", "6d"}, "--model: is now --fingerprint F"},
      {{"--where", "colour=red"},
       "--where colour=red: no such setting; known: batch_size, crops, csc, ctx_init, draw"},
      {{"--where", "cocoop.n_ctx=4"}, "--where cocoop.n_ctx=4: has no runs of cocoop to choose among"},
      {{"--where", "n_ctx=5"}, "holds no finished base-new run with --where n_ctx=5; choose among "},
      {{"--shots", "1,2"}, "--shots 1,2: this table is of one number of shots"},
      {{"--suite", "paper"}, "no run on the datasets of suite paper"},
      {{"--db", "empty.db"}, "empty.db: holds no finished base-new run; run `runner sweep` first"},
      {{"--db", "empty.db", "--table", "failures"}, "empty.db: holds no run; run `runner sweep` first"},
      {{"--db", "foreign.db"}, "foreign.db"},
      {{"--output", "runs/promptbed.db/table.csv"}, "runs/promptbed.db"},
  };
  for (const auto& [words, message] : cases) {
    const Finished result = report(words);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(count_lines(result.err), 1) << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos)
        << "expected: " << message << "\ngot: " << result.err;
  }
}

}  // namespace
}  // namespace promptbed
