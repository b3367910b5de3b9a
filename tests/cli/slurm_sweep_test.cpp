#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "formats/text_files.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

// On programs that stand in for Slurm's. tests/slurm has the real ones.

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Runs the tasks of an array one after another, once those that it depends on have ended, and answers with
/// the array's number once the sweep can know of it.
constexpr std::string_view kSbatch = R"sh(#!/bin/sh
folder=$(dirname "$0")
echo "$@" >> "$folder/submitted"
for word; do
  case $word in
    --array=1-*) tasks=${word#--array=1-} ;;
    --output=*) log=${word#--output=} ;;
    --dependency=afterany:*) after=${word#--dependency=afterany:} ;;
    --partition=nowhere) echo 'sbatch: error: invalid partition specified: nowhere' >&2; exit 1 ;;
    --*) ;;
    *) break ;;
  esac
  shift
done
job=$(wc -l < "$folder/submitted")
live=$folder/live-$job
for task in $(seq "$tasks"); do echo "${job}_$task PENDING"; done > "$live"
(
  for earlier in $(echo "$after" | tr : ' '); do
    while [ -e "$folder/live-$earlier" ]; do sleep 0.1; done
  done
  for task in $(seq "$tasks"); do
    for later in $(seq "$task" "$tasks"); do echo "${job}_$later RUNNING"; done > "$folder/new-$job"
    mv "$folder/new-$job" "$live"
    SLURM_ARRAY_JOB_ID=$job SLURM_ARRAY_TASK_ID=$task sh "$@" > "$(echo "$log" | sed "s/%a/$task/")" 2>&1
  done
  rm "$live"
) > /dev/null 2>&1 &
echo "$job"
)sh";

constexpr std::string_view kSqueue = R"sh(#!/bin/sh
cat "$(dirname "$0")"/live-* 2> /dev/null || true
)sh";

constexpr std::string_view kScontrol = R"sh(#!/bin/sh
case "$*" in
  *config*) echo 'MaxArraySize            = 3' ;;
  *) echo 'JobId=3 JobState=FAILED Reason=NonZeroExitCode ExitCode=127:0' ;;
esac
)sh";

class SlurmSweep : public testing::Test {
 protected:
  SlurmSweep() {
    write_program("sbatch", kSbatch);
    write_program("squeue", kSqueue);
    write_program("scontrol", kScontrol);
    write_program("scancel", "#!/bin/sh\n");
    write_program("srun", "#!/bin/sh\nshift 2\nexec \"$@\"\n");
  }

  /// Most tests are not about features.
  void SetUp() override { extract_features(); }

  void extract_features() const {
    const auto built = world_.run(
        {"features", "build", "--suite", "small", "--model", "model", "--data", "data", "--views", "0"});
    ASSERT_EQ(built.code, 0) << built.err;
  }

  void write_program(const std::string& name, std::string_view text) const {
    write_file(world_ / "slurm" / name, text);
    fs::permissions(world_ / "slurm" / name, fs::perms::owner_all);
  }

  test::Finished sweep(std::vector<std::string> more,
                       const std::string& methods = "clip_zeroshot,coop") const {
    std::vector<std::string> words = {"sweep",    "--methods", methods,     "--suite", "small",
                                      "--model",  "model",     "--data",    "data",    "--shots",
                                      "2",        "--views",   "0",         "--seeds", "1,2",
                                      "--epochs", "2",         "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return world_.run(words, fmt::format("PATH={}:$PATH", (world_ / "slurm").string()));
  }

  test::Finished on_slurm(std::vector<std::string> more = {},
                          const std::string& methods = "clip_zeroshot,coop") const {
    more.insert(more.begin(), {"--executor", "slurm"});
    return sweep(more, methods);
  }

  int64_t count_submissions() const { return test::count_lines(read_file(world_ / "slurm/submitted")); }

  bool one_lives() const {
    for (const auto& entry : fs::directory_iterator(world_ / "slurm")) {
      if (entry.path().filename().string().starts_with("live-")) return true;
    }
    return false;
  }

  /// Returns when no task lives.
  void wait_for_tasks() const {
    for (int i = 0; i < 600 && one_lives(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_FALSE(one_lives()) << "a task hangs";
  }

  /// Of all finished runs: their ids, states and predictions.
  std::set<std::string> results(const char* ledger) const {
    std::set<std::string> found;
    const Ledger open = Ledger::open_existing(world_ / ledger);
    for (const RunRecord& run : open.list()) {
      const RunOutcome outcome = open.outcome(run.id);
      std::string text = run.id + outcome.state_hash;
      for (const Score& score : outcome.scores) text += score.predictions_hash;
      if (run.status == RunStatus::done) found.insert(text);
    }
    return found;
  }

  test::SweepWorld world_;
};

TEST_F(SlurmSweep, MakesWhatALocalSweepMakes) {
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "6 runs: 6 done now\n");
  EXPECT_NE(done.err.find("submitted 6 runs in 2 tasks as job 1"), std::string::npos)
      << "no more than the array may have: " << done.err;
  EXPECT_FALSE(fs::exists(world_ / "runs/promptbed.db.slurm")) << "nothing is left";
  ASSERT_EQ(sweep({"--db", "runs/local.db"}).code, 0);
  EXPECT_EQ(results("runs/promptbed.db"), results("runs/local.db"));
  EXPECT_EQ(on_slurm().out, "6 runs: 6 done before\n");
}

TEST_F(SlurmSweep, IsSubmittedNowAndCollectedLater) {
  ASSERT_EQ(on_slurm({"--no-wait", "--slurm", "time=1:00:00,nodelist=n[1,2]"}).code, 0);
  const std::string words = read_file(world_ / "slurm/submitted");
  EXPECT_NE(words.find(" --time=1:00:00 --nodelist=n[1,2] "), std::string::npos) << words;
  const auto done = on_slurm();
  EXPECT_EQ(done.out, "6 runs: 6 done now\n") << done.err;
  EXPECT_EQ(count_submissions(), 1) << "it was submitted again";
}

TEST_F(SlurmSweep, TasksThatAreNotNeededAnyMoreAreEnded) {
  write_program("scancel", "#!/bin/sh\nrm \"$(dirname \"$0\")/live-${1%_*}\"\n");
  EXPECT_EQ(on_slurm({"--no-wait"}).code, 0);
  wait_for_tasks();
  write_file(world_ / "slurm/live-1", "1_1 PENDING\n");  // put back, though it has made everything
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_FALSE(one_lives());
  EXPECT_FALSE(fs::exists(world_ / "runs/promptbed.db.slurm"));
}

TEST_F(SlurmSweep, WhatIsFinishedIsKeptWhenTasksAreCancelled) {
  ASSERT_EQ(on_slurm({"--no-wait"}).code, 0);
  wait_for_tasks();
  EXPECT_EQ(on_slurm({"--cancel"}).out, "1 array ended\n");
  EXPECT_EQ(on_slurm().out, "6 runs: 6 done now\n");
  EXPECT_EQ(count_submissions(), 1) << "it was submitted again";
}

TEST_F(SlurmSweep, CancellingWaitsUntilTheTasksHaveEnded) {
  ASSERT_EQ(on_slurm({"--no-wait"}).code, 0);
  EXPECT_EQ(on_slurm({"--cancel"}).out, "1 array ended\n");  // by a scancel that lets them go on
  EXPECT_FALSE(one_lives());
  EXPECT_EQ(on_slurm().out, "6 runs: 6 done now\n");
  EXPECT_EQ(count_submissions(), 1) << "what they made was lost";
}

TEST_F(SlurmSweep, LeavesTheTasksOfOtherSweepsAlone) {
  ASSERT_EQ(on_slurm({"--no-wait"}, "coop").code, 0);
  EXPECT_EQ(on_slurm({}, "clip_zeroshot").out, "2 runs: 2 done now\n");
  EXPECT_EQ(on_slurm({}, "coop").out, "4 runs: 4 done now\n");
  EXPECT_EQ(count_submissions(), 2) << "it was submitted again";
}

TEST_F(SlurmSweep, OutcomesOfFewerTestsLeaveTheOthersToBeMade) {
  ASSERT_EQ(on_slurm({"--no-wait"}).code, 0);
  wait_for_tasks();
  const auto done = on_slurm({"--protocol", "open-world"});
  EXPECT_EQ(done.out, "6 runs: 6 done now\n") << done.err;
  EXPECT_EQ(count_submissions(), 2);
  EXPECT_EQ(on_slurm({"--protocol", "open-world"}).out, "6 runs: 6 done before\n");
}

TEST_F(SlurmSweep, ATaskThatDiesCostsTheRunInHandAnAttempt) {
  // The first step of all dies in the middle; what it had not begun is submitted again.
  write_program("srun", R"sh(#!/bin/sh
shift 2
[ -e "$0.died" ] && exec "$@"
touch "$0.died"
for folder; do :; done
touch "$folder/began-0001"
exit 127
)sh");
  const auto done = on_slurm({"--tasks", "1"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, "6 runs: 5 done now, 1 failed\n") << done.err;
  EXPECT_NE(done.err.find("its Slurm task 1_1 ended with FAILED (exit code 127)"), std::string::npos)
      << done.err;
  EXPECT_EQ(on_slurm().out, "6 runs: 1 done now, 5 done before\n");
}

TEST_F(SlurmSweep, TasksThatCannotBeginEndItWithTheReason) {
  write_program("srun",
                "#!/bin/sh\necho 'srun: error: no such file: runner' >&2\n"
                "echo 'srun: error: n1: task 0: Exited with exit code 2' >&2\nexit 127\n");
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 2);
  EXPECT_NE(done.err.find("failed before runner began: srun: error: no such file: runner"), std::string::npos)
      << done.err;
  EXPECT_TRUE(results("runs/promptbed.db").empty());
}

TEST_F(SlurmSweep, RefusalsAreInSlurmsOwnWords) {
  const auto refused = on_slurm({"--slurm", "partition=nowhere"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find(
                "runner: sbatch --partition=nowhere: sbatch: error: invalid partition specified: nowhere"),
            std::string::npos)
      << refused.err;
  EXPECT_FALSE(fs::exists(world_ / "runs/promptbed.db.slurm"));
  fs::create_symlink("/usr/bin/env", world_ / "env");  // and nothing else
  const auto without = world_.run({"sweep", "--methods", "coop", "--executor", "slurm"}, "PATH=.");
  EXPECT_EQ(without.code, 2);
  EXPECT_NE(without.err.find("there is no sbatch on this machine"), std::string::npos) << without.err;
}

TEST_F(SlurmSweep, OptionsThatDoNotGoTogetherAreRefused) {
  const auto fault = [&](const std::vector<std::string>& words) { return sweep(words).err; };
  EXPECT_NE(fault({"--tasks", "3"}).find("--tasks 3: is for --executor slurm"), std::string::npos);
  EXPECT_NE(fault({"--executor", "slurm", "--jobs", "3"}).find("--tasks divides the work"),
            std::string::npos);
  EXPECT_NE(fault({"--executor", "slurm", "--slurm", "array=1-9"}).find("the sweep itself sets array"),
            std::string::npos);
  EXPECT_NE(fault({"--executor", "slurm", "--slurm", "--mem=1G"}).find("is no option of sbatch"),
            std::string::npos);
  EXPECT_NE(fault({"--executor", "cloud"}).find("cloud"), std::string::npos);
}

TEST_F(SlurmSweep, OnlySlurmStartsATask) {
  const auto started = world_.run({"sweep", "--task", "nowhere"});
  EXPECT_EQ(started.code, 2);
  EXPECT_NE(started.err.find("is for Slurm to start"), std::string::npos) << started.err;
}

/// The same without features.
class SlurmFeatures : public SlurmSweep {
 protected:
  void SetUp() override {}

  /// The lines that sbatch was given.
  std::vector<std::string> submissions() const { return lines_of(read_file(world_ / "slurm/submitted")); }
};

TEST_F(SlurmFeatures, AreExtractedByTasksFirst) {
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "6 runs: 6 done now\n");
  EXPECT_NE(done.err.find("submitted features of 2 datasets in 2 tasks as job 1"), std::string::npos)
      << done.err;
  EXPECT_NE(done.err.find("submitted 6 runs in 2 tasks as job 2"), std::string::npos) << done.err;
  ASSERT_EQ(count_submissions(), 2);
  EXPECT_EQ(submissions()[0].find("--dependency"), std::string::npos);
  EXPECT_NE(submissions()[1].find(" --dependency=afterany:1 "), std::string::npos);
  EXPECT_FALSE(fs::exists(world_ / "runs/promptbed.db.slurm")) << "nothing is left";
  ASSERT_EQ(sweep({"--db", "runs/local.db", "--cache", "runs/another"}).code, 0);
  EXPECT_EQ(results("runs/promptbed.db"), results("runs/local.db"));
}

TEST_F(SlurmFeatures, OfTasksThatDiedAreExtractedByThoseThatNeedThem) {
  write_program("srun", R"sh(#!/bin/sh
shift 2
for folder; do :; done
[ -e "$folder/features-0001" ] && exit 127
exec "$@"
)sh");
  const auto done = on_slurm();
  EXPECT_EQ(done.out, "6 runs: 6 done now\n") << done.err;
}

TEST_F(SlurmFeatures, AreLeftToTheTasksOfAnEarlierSweep) {
  write_program("srun", R"sh(#!/bin/sh
shift 2
while [ ! -e "$(dirname "$0")/go" ]; do sleep 0.1; done
exec "$@"
)sh");
  ASSERT_EQ(on_slurm({"--no-wait"}, "coop").code, 0);
  ASSERT_EQ(on_slurm({"--no-wait"}, "clip_zeroshot").code, 0);
  const std::vector<std::string> given = submissions();
  ASSERT_EQ(given.size(), 3U) << "features, and the runs of each";
  EXPECT_NE(given[1].find(" --dependency=afterany:1 "), std::string::npos);
  EXPECT_NE(given[2].find(" --dependency=afterany:1 "), std::string::npos);
  write_file(world_ / "slurm/go", "");
  EXPECT_EQ(on_slurm({}, "clip_zeroshot").out, "2 runs: 2 done now\n");
  EXPECT_EQ(on_slurm({}, "coop").out, "4 runs: 4 done now\n");
  EXPECT_EQ(count_submissions(), 3) << read_file(world_ / "slurm/submitted");
}

TEST_F(SlurmFeatures, ThatCannotBeWrittenFailTheRunsThatNeedThem) {
  fs::create_directories(world_ / "runs");
  write_file(world_ / "runs/cache", "in the place of a folder");
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, "6 runs: 6 failed\n") << done.err;
  EXPECT_LE(count_submissions(), 2) << "it would do no better a second time";
}

TEST_F(SlurmFeatures, OfAPictureThatCannotBeReadFailTheRunsOfItsDataset) {
  for (const auto& entry : fs::recursive_directory_iterator(world_ / "data/one/images")) {
    if (entry.is_regular_file()) write_file(entry.path(), "no picture");
  }
  const auto done = on_slurm();
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, "6 runs: 3 done now, 3 failed\n") << done.err;
  EXPECT_NE(done.err.find("is not a JPEG, PNG, "), std::string::npos) << done.err;
}

}  // namespace
}  // namespace promptbed
