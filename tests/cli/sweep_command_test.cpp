#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::count_lines;
using test::SweepWorld;

/// Hashes of the trained states and predictions of all runs.
std::map<std::string, std::vector<std::string>> fingerprints(const fs::path& ledger_file) {
  const Ledger ledger = Ledger::open_existing(ledger_file);
  std::map<std::string, std::vector<std::string>> result;
  for (const RunRecord& run : ledger.list()) {
    const RunOutcome outcome = ledger.outcome(run.id);
    result[run.id] = {outcome.draw_hash, outcome.state_hash};
    for (const Score& score : outcome.scores) result[run.id].push_back(score.predictions_hash);
  }
  return result;
}

TEST(Sweep, DoesEachRunOnce) {
  const SweepWorld world;
  const auto first = world.sweep("clip_zeroshot,coop,cocoop");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out,
            "10 runs: 10 done now\n");  // zero-shot once, the others for two seeds, on two datasets

  const auto second = world.sweep("clip_zeroshot,coop,cocoop");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(second.out, "10 runs: 10 done before\n");
  EXPECT_EQ(second.err, "");
}

TEST(Sweep, DoesADeletedRunAgainAndNoOther) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("coop").code, 0);
  const auto before = fingerprints(world / "runs/promptbed.db");
  const std::string id = before.begin()->first;
  ASSERT_TRUE(fs::exists(world / ("runs/prompts/" + id + ".safetensors")));

  EXPECT_EQ(world.run({"runs", "delete", id.substr(0, 8)}).out, "deleted " + id + "\n");
  EXPECT_FALSE(fs::exists(world / ("runs/prompts/" + id + ".safetensors")));
  EXPECT_EQ(world.sweep("coop").out, "4 runs: 1 done now, 3 done before\n");
  EXPECT_EQ(fingerprints(world / "runs/promptbed.db"), before) << "a run is reproduced bit by bit";
}

TEST(Sweep, GivesTheSameBitsWhateverTheJobs) {
  const SweepWorld alone, together;
  ASSERT_EQ(alone.sweep("cocoop,coop").code, 0);
  const auto result = together.sweep("coop,cocoop", {"--jobs", "3"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "8 runs: 8 done now\n");
  EXPECT_EQ(fingerprints(alone / "runs/promptbed.db"), fingerprints(together / "runs/promptbed.db"));
}

TEST(Sweep, ForcesEachRunOnceMoreWhateverTheJobs) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("coop").code, 0);
  const auto again = world.sweep("coop", {"--force", "--jobs", "2"});
  EXPECT_EQ(again.out, "4 runs: 4 done now\n") << again.err;
  for (const RunRecord& run : Ledger::open_existing(world / "runs/promptbed.db").list())
    EXPECT_EQ(run.attempts, 2);
}

TEST(Sweep, ReusesTheCacheForEveryMethodAndSeed) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("coop", {"--seeds", "1,2,3,4,5,6"}).code, 0);
  fs::rename(world / "data/one/images", world / "data/one/gone");
  const auto later = world.sweep("cocoop,clip_zeroshot", {"--datasets", "one"});
  EXPECT_EQ(later.out, "3 runs: 3 done now\n") << later.err;
}

TEST(Sweep, MakesRunsAgainOfImagesThatHoldSomethingElse) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot,coop").out, "6 runs: 6 done now\n");
  const fs::path image = world / "data/one/images/a/test0.bmp";
  const auto time = fs::last_write_time(image);
  write_file(image, test::bmp_picture(9, 8, 7));
  fs::last_write_time(image, time);
  const auto again = world.sweep("clip_zeroshot,coop");
  EXPECT_EQ(again.out, "6 runs: 3 done now, 3 done before\n") << again.err;
  EXPECT_NE(
      again.err.find("one: its images have changed since 3 of these runs were made; they are made again"),
      std::string::npos)
      << again.err;
  EXPECT_NE(world.run({"report", "--db", "runs/promptbed.db"})
                .out.find("one: 3 runs of other versions of the images than the newest run's left out"),
            std::string::npos);
  EXPECT_EQ(world.sweep("clip_zeroshot,coop").out, "6 runs: 6 done before\n");
}

TEST(Sweep, FoldersOfOneNameShareACacheButNoFeatures) {
  const SweepWorld world;
  for (const char* folder : {"x/birds", "y/birds"}) {
    fs::create_directories(world / folder);
    fs::copy(world / "data/one/images", world / folder, fs::copy_options::recursive);
    write_file(world / folder / "dataset.json", R"({"template": "{}.", "context_init": "a"})");
  }
  for (const auto& entry : fs::recursive_directory_iterator(world / "y/birds")) {
    if (entry.path().extension() != ".bmp") continue;
    std::string contents = read_file(entry.path());
    for (size_t place = 54; place < contents.size(); place += 5) contents[place] = static_cast<char>(place);
    write_file(entry.path(), contents);
    fs::last_write_time(
        entry.path(), fs::last_write_time(world / "x/birds" / fs::relative(entry.path(), world / "y/birds")));
  }
  const auto sweep = [&](const std::string& folder, const std::string& cache, const std::string& ledger) {
    const auto done =
        world.sweep("coop", {"--datasets", folder, "--cache", cache, "--db", ledger, "--seeds", "1"});
    EXPECT_EQ(done.out, "1 run: 1 done now\n") << done.err;
    return fingerprints(world / ledger);
  };
  const auto of_x = sweep("./x/birds", "shared", "x.db"), of_y = sweep("./y/birds", "shared", "y.db");
  EXPECT_NE(of_x.begin()->first, of_y.begin()->first) << "they are two runs";
  EXPECT_NE(of_x.begin()->second, of_y.begin()->second);
  EXPECT_EQ(of_y, sweep("./y/birds", "alone", "alone.db"));
  EXPECT_EQ(of_x, sweep("./x/birds", "shared", "x_again.db")) << "whoever used the cache in between";
}

TEST(Sweep, WithOtherMergesMakesOtherRuns) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").out, "2 runs: 2 done now\n");
  write_file(world / "model/merges.txt", "#version: 0.2\na b\n! !\nab c</w>\n");
  EXPECT_EQ(world.sweep("clip_zeroshot").out, "2 runs: 2 done now\n");
}

TEST(Sweep, TellsBeforehandWhatCannotRun) {
  const SweepWorld world;
  const auto planned = world.sweep("coop,coop_ctx60", {"--dry-run"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_NE(planned.out.find("8 runs, 4 to be done"), std::string::npos) << planned.out;
  EXPECT_NE(planned.out.find("class \"a\": the prompt has 64 tokens"), std::string::npos) << planned.out;
  EXPECT_EQ(planned.err.find("another build"), std::string::npos) << planned.err;
  EXPECT_FALSE(fs::exists(world / "runs/cache"));

  const auto done = world.sweep("coop,coop_ctx60");
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, "8 runs: 4 done now, 4 failed\n");
  EXPECT_NE(done.err.find(
                "failed: coop_ctx60 on one, 2 shots, seed 1 and 3 more: coop_ctx60: class \"a\": the prompt"),
            std::string::npos)
      << done.err;
}

TEST(Sweep, ADryRunSaysWhereEachOptionComesFrom) {
  const SweepWorld world;
  write_file(world / "project.ini", "[sweep]\nretries = 2\n[report]\nspread = sd\n");
  const auto planned = world.sweep("coop", {"--config", "project.ini", "--dry-run"});
  ASSERT_EQ(planned.code, 0) << planned.err;
  for (const char* row :
       {"--methods +coop +command line\n", "--retries +2 +project.ini \\[sweep\\]\n",
        "--precision +f32 +default\n", "--model +model +command line\n", "--crops +0.08-1 +default\n"}) {
    EXPECT_TRUE(std::regex_search(planned.out, std::regex(row))) << row << planned.out;
  }
  EXPECT_EQ(planned.out.find("--spread"), std::string::npos);
}

TEST(Sweep, AFullDryRunTellsWhatEachRunIsInTextAndJson) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("coop", {"--seeds", "1"}).code, 0);
  const auto text = world.sweep("coop,coop_ctx60", {"--dry-run=full"});
  ASSERT_EQ(text.code, 0) << text.err;
  for (const char* part :
       {"coop on one, 2 shots, seed 2\n\nrun", "to be trained and tested", "base of one, new of one",
        "csc=false", "2 epochs in batches of", "coop_ctx60 on one, 2 shots, seed 1\n\nstate", "cannot run",
        " core hours, as finished runs like them took"}) {
    EXPECT_NE(text.out.find(part), std::string::npos) << part << "\nin " << text.out;
  }

  const auto json = world.sweep("coop,coop_ctx60", {"--dry-run=json"});
  const auto shown = nlohmann::json::parse(json.out);
  ASSERT_EQ(shown.at("runs").size(), 8U);
  const nlohmann::json& done = shown.at("runs").at(0);
  EXPECT_EQ(done.at("state"), "done");
  EXPECT_TRUE(done.at("tests").empty());
  EXPECT_EQ(done.at("spec").at("options").at("csc"), false);
  EXPECT_EQ(done.at("spec").at("recipe").at("epochs"), 2);
  EXPECT_EQ(shown.at("runs").at(2).at("state"), "cannot run");
  EXPECT_EQ(shown.at("images_to_encode").at("one"), 0);
  EXPECT_EQ(shown.at("options").at(0).at("option"), "--methods");
  EXPECT_GT(shown.at("estimate").at("seconds"), 0.0);
  EXPECT_EQ(shown.at("estimate").at("unknown"), 0);
  EXPECT_EQ(world.sweep("coop", {"--dry-run=all"}).code, 2);
}

TEST(Sweep, AMissingPictureSpoilsItsDatasetOnly) {
  const SweepWorld world;
  const fs::path picture = world / "data/one/images/a/test0.bmp";
  fs::rename(picture, world / "kept");
  const auto spoilt = world.sweep("clip_zeroshot");
  EXPECT_EQ(spoilt.code, 1);
  EXPECT_EQ(spoilt.out, "2 runs: 1 done now, 1 failed\n");
  EXPECT_NE(spoilt.err.find("a/test0.bmp"), std::string::npos) << spoilt.err;

  write_file(picture, "no picture at all");
  EXPECT_NE(world.sweep("clip_zeroshot").err.find("is not a JPEG, PNG, WebP, BMP, GIF or TIFF image"),
            std::string::npos);

  fs::rename(world / "kept", picture);
  EXPECT_EQ(world.sweep("clip_zeroshot").out, "2 runs: 1 done now, 1 done before\n");
}

TEST(Sweep, GoesOnAfterAnInterruption) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);  // features of the test images
  const auto stopped =
      world.sweep("coop", {"--epochs", "2000000"}, "timeout --foreground --preserve-status -s INT 8");
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("interrupted"), std::string::npos) << stopped.err;
  const auto after = world.sweep("clip_zeroshot,coop");
  EXPECT_EQ(after.out, "6 runs: 4 done now, 2 done before\n") << after.err;
}

TEST(Sweep, EndsWithACodeOfItsOwnWhereASchedulerStopsIt) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  const auto stopped =
      world.sweep("coop", {"--epochs", "2000000"}, "timeout --foreground --preserve-status -s USR1 8");
  EXPECT_EQ(stopped.code, 75) << stopped.err;
  EXPECT_NE(stopped.err.find("interrupted"), std::string::npos) << stopped.err;
}

TEST(Sweep, WorkersStopWithTheSweepThatStartedThem) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  const auto stopped = world.sweep("coop", {"--epochs", "2000000", "--jobs", "2"},
                                   "timeout --foreground --preserve-status -s INT 8");
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_EQ(stopped.err.find("runner:"), std::string::npos) << stopped.err;
  for (const RunRecord& run : Ledger::open_existing(world / "runs/promptbed.db").list()) {
    EXPECT_EQ(run.spec.method, "clip_zeroshot") << "an interrupted run leaves no trace";
  }
  EXPECT_FALSE(fs::exists(world / "runs/prompts"));
}

/// Whether a process of this name works in the folder.
bool works_in(const fs::path& folder) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const fs::path where = fs::read_symlink(entry.path() / "cwd", gone);
    if (!gone && where == fs::canonical(folder) &&
        fs::read_symlink(entry.path() / "exe", gone).filename() == "runner")
      return true;
  }
  return false;
}

/// Waits until no runner works in the folder, at most half a minute.
bool is_left_alone(const fs::path& folder) {
  for (int i = 0; i < 300 && works_in(folder); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return !works_in(folder);
}

/// The runs that are being made, once there are so many; waits for them at most a minute.
std::vector<RunRecord> wait_for_running(const fs::path& ledger_file, size_t count) {
  const Ledger ledger = Ledger::open_existing(ledger_file);
  std::vector<RunRecord> running;
  for (int i = 0; i < 600 && running.size() < count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    running = ledger.list({.status = RunStatus::running});
  }
  return running;
}

TEST(Sweep, AKilledSweepLeavesNoWorkersAndItsRunsToTheNext) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  auto killed = std::async(std::launch::async, [&] {
    return world.sweep("coop", {"--epochs", "2000000", "--jobs", "2"});
  });
  const auto running = wait_for_running(world / "runs/promptbed.db", 2);
  ASSERT_EQ(running.size(), 2u);
  EXPECT_EQ(running[0].owner, running[1].owner) << "the sweep itself";
  ASSERT_EQ(::kill(static_cast<pid_t>(running[0].owner->pid), SIGKILL), 0);
  EXPECT_EQ(killed.get().code, 128 + SIGKILL);
  EXPECT_TRUE(is_left_alone(world / "."));

  Ledger ledger = Ledger::open_existing(world / "runs/promptbed.db", Access::write);
  EXPECT_EQ(ledger.list({.status = RunStatus::running}).size(), 2u);
  for (const RunRecord& run : running)
    EXPECT_TRUE(ledger.claim(run.spec, Redo::no, run.attempts)) << "free for the next sweep";
}

TEST(Sweep, TwoAtOnceMakeEachRunOnce) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  const auto start = [&](const std::string& seeds) {
    return std::async(std::launch::async, [&world, seeds] {
      return world.sweep("coop,cocoop", {"--seeds", seeds}).code;
    });
  };
  auto first = start("1,2,3"), second = start("1,2,3,4");
  EXPECT_LE(first.get() + second.get(), 1) << "one may end while the other is still at its last run";
  const auto runs = Ledger::open_existing(world / "runs/promptbed.db").list({.methods = {"coop", "cocoop"}});
  EXPECT_EQ(runs.size(), 16u);
  for (const RunRecord& run : runs) {
    EXPECT_EQ(run.status, RunStatus::done);
    EXPECT_EQ(run.attempts, 1);
  }
}

TEST(Sweep, TellsOfAFailureOnceWhateverTheJobs) {
  const SweepWorld world;
  const auto result = world.sweep("coop", {"--lr", "1e30", "--epochs", "4", "--jobs", "2"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "4 runs: 4 failed\n") << result.err;
  EXPECT_NE(result.err.find("lower the learning rate with --lr"), std::string::npos) << result.err;
  for (const RunRecord& run : Ledger::open_existing(world / "runs/promptbed.db").list())
    EXPECT_EQ(run.attempts, 1);
}

TEST(Sweep, RefusesACacheFileThatIsNone) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(world / "runs/cache")) {
    if (entry.path().filename() == "two.h5") write_file(entry.path(), "no features");
  }
  const auto result = world.sweep("coop");
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_EQ(count_lines(result.err), 1) << result.err;
  EXPECT_NE(result.err.find("two.h5"), std::string::npos) << result.err;
}

TEST(Report, ShowsTheSweptMethods) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot,coop").code, 0);
  const auto text = world.run({"report", "--table", "base-new", "--shots", "2"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* word : {"clip_zeroshot", "coop", "Average", "one", "two"}) {
    EXPECT_NE(text.out.find(word), std::string::npos) << text.out;
  }
  const auto csv = world.run({"report", "--shots", "2", "--format", "csv"});
  EXPECT_EQ(count_lines(csv.out), 7) << csv.out;  // titles, two datasets and the average of two methods
}

TEST(Report, SaysWhichMethodsCannotServeNewClasses) {
  const SweepWorld world;
  const auto swept = world.sweep("coop,linear_probe,tip_adapter,tip_adapter_f", {"--seeds", "1"});
  EXPECT_EQ(swept.code, 0) << swept.err;
  EXPECT_EQ(swept.out, "8 runs: 8 done now\n");
  const auto text = world.run({"report", "--shots", "2"});
  EXPECT_NE(text.out.find("cannot"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("* cannot: tip_adapter_f: has no cached images for classes"), std::string::npos)
      << text.out;
  EXPECT_EQ(text.out.find("cannot: coop"), std::string::npos) << text.out;
}

TEST(Sweep, TestsMoreTargetsOnThePromptsThatItHas) {
  const SweepWorld world;
  const std::vector<std::string> cross = {"--protocol", "cross-dataset", "--source", "two", "--seeds", "1"};
  EXPECT_EQ(world
                .sweep("clip_zeroshot,coop", {"--datasets", "two", "--protocol", "few-shot", "--seeds", "1",
                                              "--set", "coop.n_ctx=1"})
                .out,
            "2 runs: 2 done now\n");
  const auto first = world.sweep("clip_zeroshot,coop", cross);
  EXPECT_EQ(first.out, "3 runs: 2 done now, 1 done before\n") << first.err;
  EXPECT_EQ(world.sweep("clip_zeroshot,coop", cross).out, "3 runs: 3 done before\n");
}

}  // namespace
}  // namespace promptbed
