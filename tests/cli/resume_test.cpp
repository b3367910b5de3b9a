#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::SweepWorld;

/// All that a run's training and tests come to, by run.
std::map<std::string, std::vector<std::string>> outcomes(const SweepWorld& world) {
  const Ledger ledger = Ledger::open_existing(world / "runs/promptbed.db");
  std::map<std::string, std::vector<std::string>> result;
  for (const RunRecord& run : ledger.list()) {
    const RunOutcome outcome = ledger.outcome(run.id);
    std::vector<std::string>& facts = result[run.id];
    facts = {run.spec.method, outcome.state_hash};
    for (const EpochRecord& epoch : outcome.epochs) facts.push_back(fmt::format("{}", epoch.loss));
    for (const TrackedAccuracy& tracked : outcome.tracked)
      facts.push_back(fmt::format("{} {} {}", tracked.epoch, tracked.class_set, tracked.accuracy));
    for (const Score& score : outcome.scores) facts.push_back(score.predictions_hash);
  }
  return result;
}

/// How many runs have gone on from a checkpoint.
int64_t count_resumed(const SweepWorld& world) {
  int64_t resumed = 0;
  for (const auto& entry : fs::directory_iterator(world / "runs/logs"))
    resumed += read_file(entry.path()).find("goes on from ") != std::string::npos ? 1 : 0;
  return resumed;
}

/// Epochs that have been made, by whatever attempt.
size_t count_epochs(const SweepWorld& world) {
  size_t epochs = 0;
  std::error_code there_is_none;
  for (const auto& entry : fs::directory_iterator(world / "runs/logs", there_is_none)) {
    const std::string log = read_file(entry.path());
    for (size_t at = log.find("\nepoch "); at != std::string::npos; at = log.find("\nepoch ", at + 1))
      ++epochs;
  }
  return epochs;
}

/// The sweep that makes runs here, if there is one.
std::optional<pid_t> sweep_in(const SweepWorld& world) {
  const fs::path ledger = world / "runs/promptbed.db";
  if (!fs::exists(ledger)) return std::nullopt;
  const auto running = Ledger::open_existing(ledger).list({.status = RunStatus::running});
  if (running.empty() || !running.front().owner) return std::nullopt;
  return static_cast<pid_t>(running.front().owner->pid);
}

/// How the sweep with this process id is stopped.
using Stop = std::function<void(pid_t sweep)>;

void interrupt(pid_t sweep) {
  ::kill(sweep, SIGINT);
}

/// The sweep's code; it is stopped once it has made so many epochs.
int sweep_for(size_t epochs, const SweepWorld& world, const std::string& methods,
              const std::vector<std::string>& options, const Stop& stop = interrupt,
              const std::string& prefix = "") {
  const size_t before = count_epochs(world);
  auto code = std::async(std::launch::async, [&] { return world.sweep(methods, options, prefix).code; });
  while (code.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    if (count_epochs(world) < before + epochs) continue;
    if (const auto sweep = sweep_in(world)) stop(*sweep);
    break;
  }
  return code.get();
}

/// The same sweep on two machines: on one at a stretch, on the other stopped again and again.
void expect_same_bits(const std::string& methods, const std::vector<std::string>& options) {
  constexpr int kStops = 4;
  constexpr size_t kEpochs = 60;
  const SweepWorld whole, stopped;
  const auto at_a_stretch = whole.sweep(methods, options);
  ASSERT_EQ(at_a_stretch.code, 0) << at_a_stretch.err;
  for (int stop = 0; stop < kStops; ++stop) EXPECT_EQ(sweep_for(kEpochs, stopped, methods, options), 130);
  ASSERT_EQ(stopped.sweep(methods, options).code, 0);
  EXPECT_GT(count_resumed(stopped), 0);
  EXPECT_EQ(outcomes(stopped), outcomes(whole));
  EXPECT_TRUE(fs::is_empty(stopped / "runs/checkpoints")) << "they go when their runs are done";
}

TEST(Resume, InterruptedRunsComeToTheSameBits) {
  expect_same_bits("coop,cocoop,linear_probe",
                   {"--datasets", "one", "--seeds", "1", "--epochs", "800", "--track-new", "200"});
}

TEST(Resume, InterruptedRunsComeToTheSameBitsInBf16) {
  expect_same_bits("coop,cocoop,linear_probe",
                   {"--datasets", "one", "--seeds", "1", "--epochs", "800", "--precision", "bf16"});
}

TEST(Resume, InterruptedRunsInsideTheTowersComeToTheSameBits) {
  std::vector<std::string> options = {"--datasets", "one", "--seeds", "1", "--epochs", "200"};
  for (const char* option :
       {"vpt.template={}.", "vpt.n_ctx_vision=2", "clip_lora.template={}.", "promptsrc.n_ctx=2",
        "promptsrc.ctx_init=", "promptsrc.n_ctx_vision=2", "promptsrc.teacher={}."})
    options.insert(options.end(), {"--set", option});
  expect_same_bits("vpt,clip_lora,promptsrc", options);
}

TEST(Resume, ACheckpointOfARunThatMayGoOnIsNoFinding) {
  const SweepWorld world;
  ASSERT_EQ(world.sweep("clip_zeroshot").code, 0);
  ASSERT_EQ(sweep_for(10, world, "coop", {"--epochs", "2000000", "--datasets", "one", "--seeds", "1"}), 130);
  ASSERT_FALSE(fs::is_empty(world / "runs/checkpoints"));
  const auto checked = world.run({"ledger", "check"});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
}

TEST(Resume, ASignalToAllProcessesOfASweepIsOneInterruption) {
  const Stop stops[] = {[](pid_t sweep) { ::kill(-sweep, SIGTERM); },
                        [](pid_t sweep) {  // as timeout(1) does
                          ::kill(sweep, SIGTERM);
                          ::kill(-sweep, SIGTERM);
                        }};
  for (const Stop& stop : stops) {
    const SweepWorld world;
    const std::vector<std::string> options = {"--epochs", "2000000", "--datasets", "one", "--seeds", "1"};
    ASSERT_EQ(sweep_for(10, world, "cocoop", options, stop, "setsid"), 130);
    EXPECT_FALSE(fs::is_empty(world / "runs/checkpoints"));
    const Ledger ledger = Ledger::open_existing(world / "runs/promptbed.db");
    EXPECT_TRUE(ledger.list({.status = RunStatus::failed}).empty());
  }
}

TEST(Resume, RefusesAnIntervalBelowNothing) {
  const SweepWorld world;
  const auto refused = world.sweep("coop", {"--checkpoint-minutes", "-1"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("--checkpoint-minutes -1: give 0 to 1440"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace promptbed
