#include <filesystem>

#include "cli/single_steps.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

class RunsCommand : public test::SingleSteps {
 protected:
  /// A second run, with another seed, and zero-shot.
  static void SetUpTestSuite() {
    test::SingleSteps::SetUpTestSuite();
    ASSERT_EQ(
        world_->sweep("coop,clip_zeroshot", {"--datasets", "one", "--seeds", "2", "--track-new", "1"}).code,
        0);
    for (const RunRecord& run : Ledger::open_existing(*world_ / "runs/promptbed.db").list({.seeds = {2}})) {
      if (run.spec.method == "coop") other_ = run.id;
    }
  }

  static inline std::string other_;
};

TEST_F(RunsCommand, ListThoseThatAreAskedFor) {
  const auto rows = [](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"runs", "list", "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    return json_of(words).at("rows").size();
  };
  EXPECT_EQ(rows({}), 3U);
  EXPECT_EQ(rows({"--methods", "coop"}), 2U);
  EXPECT_EQ(rows({"--methods", "coop", "--seeds", "2"}), 1U);
  EXPECT_EQ(rows({"--status", "failed"}), 0U);
  EXPECT_EQ(rows({"--protocol", "few-shot"}), 0U);
  EXPECT_EQ(rows({"--protocol", "base-new"}), 3U);
  EXPECT_EQ(rows({"--where", "n_ctx=1"}), 3U) << "zero-shot is not concerned";
  expect_refused({"runs", "list", "--where", "n_ctx=4"}, "holds no run with --where n_ctx=4; choose among 1");
  const Finished text = run({"runs", "list"});
  EXPECT_TRUE(text.out.starts_with("3 runs\n")) << text.out;
  EXPECT_NE(text.out.find(id_), std::string::npos) << text.out;
}

TEST_F(RunsCommand, ShowAllOfARun) {
  const auto json = json_of({"runs", "show", id_.substr(0, 10), "--format", "json"});
  EXPECT_EQ(json.at("id"), id_);
  EXPECT_EQ(json.at("status"), "done");
  EXPECT_EQ(json.at("protocols"), (std::vector<std::string>{"base-new"}));
  EXPECT_EQ(json.at("spec").at("method"), "coop");
  EXPECT_EQ(json.at("epochs").at("count"), 2);
  EXPECT_EQ(json.at("scores").at("one").at("base").at("images"), 6);
  EXPECT_EQ(json.at("prompt"), "runs/prompts/" + id_ + ".safetensors");
  EXPECT_EQ(json.at("log"), "runs/logs/" + id_ + ".log");
  EXPECT_GT(json.at("execution").at("peak_memory_bytes"), 0);
  EXPECT_EQ(json.at("parameters").at("all"), 8);

  const Finished text = run({"runs", "show", id_});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* part : {"done, 1 attempt\n", "coop, version 1", "base-new", "2 epochs in batches of",
                           "2; loss ", "Scores", "runs/logs/"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << '\n' << text.out;
}

TEST_F(RunsCommand, ShowWhatWasTrackedInTraining) {
  EXPECT_TRUE(json_of({"runs", "show", id_, "--format", "json"}).at("tracked").is_null());
  const auto tracked = json_of({"runs", "show", other_, "--format", "json"});
  ASSERT_EQ(tracked.at("tracked").size(), 2U);
  EXPECT_EQ(tracked.at("tracked")[1].at("epoch"), 2) << "counted from 1";
  for (const char* half : {"base", "new"})
    EXPECT_EQ(tracked.at("tracked")[1].at(half), tracked.at("scores").at("one").at(half).at("accuracy"));
  EXPECT_NE(run({"runs", "show", other_}).out.find("Accuracy by epoch (%)"), std::string::npos);
  EXPECT_EQ(run({"runs", "show", id_}).out.find("Accuracy by epoch (%)"), std::string::npos);
}

TEST_F(RunsCommand, DiffTellsWhatIsDifferentAndNothingElse) {
  const auto json = json_of({"runs", "diff", id_, other_, "--format", "json"});
  std::map<std::string, std::pair<nlohmann::json, nlohmann::json>> differences;
  for (const auto& entry : json.at("differences"))
    differences[entry.at("what")] = {entry.at("first"), entry.at("second")};
  ASSERT_TRUE(differences.contains("spec.seed")) << json;
  EXPECT_EQ(differences.at("spec.seed").first, 1);
  EXPECT_EQ(differences.at("spec.seed").second, 2);
  EXPECT_TRUE(differences.contains("hashes.trained_state"));
  for (const char* equal : {"spec.dataset", "spec.method", "id", "prompt", "execution.host"})
    EXPECT_FALSE(differences.contains(equal)) << equal;
  EXPECT_EQ(run({"runs", "diff", id_, id_}).out, "runs " + id_ + " and " + id_ + " do not differ\n");
  EXPECT_NE(run({"runs", "diff", id_, other_}).out.find("spec.seed"), std::string::npos);
}

TEST_F(RunsCommand, RefuseWrongInputInOneLine) {
  expect_refused({"runs"}, "runner runs needs a subcommand: list, show, diff, export, release, delete");
  expect_refused({"runs", "show"}, "runner runs show needs the id of a run");
  expect_refused({"runs", "show", "zz"}, "zz");
  expect_refused({"runs", "diff", id_}, "runner runs diff needs the ids of two runs");
  expect_refused({"runs", "list", "--status", "asleep"}, "--status asleep: known: running, done, failed");
  expect_refused({"runs", "list", "--protocol", "all"},
                 "--protocol all: known: base-new, open-world, few-shot");
  expect_refused({"runs", "list", "--where", "colour=red"}, "no such setting");
  expect_refused({"runs", "delete"}, "runner runs delete needs the ids");
}

TEST_F(RunsCommand, ShowsARunThatFailedAndDeletesItsFiles) {
  const Finished failed = run(on_world({"train", "--method", "coop", "--dataset", "two", "--shots", "2",
                                        "--views", "2", "--epochs", "4", "--lr", "1e30"}));
  EXPECT_EQ(failed.code, 1);
  EXPECT_NE(failed.err.find("lower the learning rate with --lr"), std::string::npos) << failed.err;
  const std::string id =
      Ledger::open_existing(*world_ / "runs/promptbed.db").list({.datasets = {"two"}}).at(0).id;
  const auto json = json_of({"runs", "show", id, "--format", "json"});
  EXPECT_EQ(json.at("status"), "failed");
  EXPECT_TRUE(json.at("scores").is_null());
  EXPECT_EQ(run({"runs", "show", id}).code, 0);
  expect_refused({"runs", "delete", id, "nosuch"}, "run nosuch: is not in");
  EXPECT_EQ(run({"runs", "delete", id, id}).out, "deleted " + id + "\n");
  EXPECT_FALSE(fs::exists(*world_ / ("runs/logs/" + id + ".log")));
}

}  // namespace
}  // namespace promptbed
