#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

/// Sweeps with the fixture plugin, a method of which has the fault that it is named for.
class PluginFaults : public ::testing::Test {
 protected:
  PluginFaults() {
    fs::create_directory(world_ / "plugins");
    fs::copy_file(fs::path(PROMPTBED_FIXTURES) / "faulty.so", plugin());
  }

  fs::path plugin() const { return world_ / "plugins/faulty.so"; }

  /// One dataset and one seed, so each method has one run.
  Finished sweep(const std::string& methods, std::vector<std::string> more = {},
                 const std::string& prefix = "") const {
    more.insert(more.end(), {"--plugins", "plugins", "--datasets", "one", "--seeds", "1"});
    return world_.sweep(methods, more, prefix);
  }

  RunRecord record_of(const std::string& method) const {
    return Ledger::open_existing(world_ / "runs/promptbed.db").list({.methods = {method}}).at(0);
  }

  test::SweepWorld world_;
};

TEST_F(PluginFaults, FailTheirOwnRunsAndNoOther) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"throws_in_create", "create() threw \"no luck today\"; fix the plugin or leave the method out"},
      {"throws_in_needs", "needs() threw \"no luck today\""},
      {"throws_in_resolve", "resolve() threw \"no luck today\""},
      {"throws_in_recipe", "recipe() threw \"no luck today\""},
      {"throws_in_bind", "bind() threw \"no luck today\""},
      {"throws_in_fit", "fit() threw \"no luck today\""},
      {"throws_in_trainable", "trainable() threw \"no luck today\""},
      {"throws_in_backward", "backward() threw \"no luck today\""},
      {"throws_in_epoch_end", "epoch_end() threw \"no luck today\""},
      {"throws_in_state", "state() threw \"no luck today\""},
      {"throws_in_retarget", "retarget() threw \"no luck today\""},
      {"throws_a_number", "bind() threw something that is no exception"},
      {"no_learner", "create() made no learner"},
      {"vector_loss", "backward() returned [4] and not one number"},
      {"hollow_state", "state() returned no tensor for the name scale"},
      {"crashes_in_bind", "its process ended with signal 11 (Segmentation fault); fix the plugin"},
      {"aborts_in_bind", "its process ended with signal 6 (Aborted); fix the plugin"},
      {"exits_in_bind", "its process ended with exit code 0; fix the plugin"},
      {"throws_in_destructor", "its process ended with signal 6 (Aborted); fix the plugin"},
  };
  std::vector<std::string> methods = {"none"};
  for (const auto& [method, why] : cases) methods.push_back(method);
  methods.emplace_back("coop");
  const Finished result = sweep(fmt::format("{}", fmt::join(methods, ",")), {"--jobs", "2"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.out, fmt::format("{} runs: 2 done now, {} failed\n", methods.size(), cases.size()));
  for (const auto& [method, why] : cases) {
    const std::string line =
        fmt::format("failed: {0} on one, 2 shots, seed 1: {0} (plugin faulty.so): {1}", method, why);
    EXPECT_NE(result.err.find(line), std::string::npos) << "expected: " << line << "\ngot: " << result.err;
  }
  EXPECT_EQ(record_of("coop").status, RunStatus::done);
  EXPECT_EQ(record_of("crashes_in_bind").status, RunStatus::failed);
  EXPECT_EQ(record_of("crashes_in_bind").attempts, 1);
}

TEST_F(PluginFaults, ACrashFailsItsRunWithOneJobToo) {
  const Finished result = sweep("crashes_in_bind,none", {"--jobs", "1"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.out, "2 runs: 1 done now, 1 failed\n") << result.err;
  EXPECT_NE(record_of("crashes_in_bind").error.find("signal 11"), std::string::npos);
}

TEST_F(PluginFaults, ACrashInTheTestsDoesNotCostTheTraining) {
  const Finished result = sweep("crashes_when_tested", {"--retries", "1"});
  EXPECT_EQ(result.out, "1 run: 1 failed\n") << result.err;
  const RunRecord record = record_of("crashes_when_tested");
  EXPECT_EQ(record.status, RunStatus::done);
  EXPECT_EQ(record.attempts, 2);
  EXPECT_TRUE(fs::exists(world_ / "runs/prompts" / (record.id + ".safetensors")));
  const std::string log = read_file(world_ / "runs/logs" / (record.id + ".log"));
  EXPECT_EQ(log.find("epoch 1 of 2"), log.rfind("epoch 1 of 2")) << "trained once, tested twice: " << log;
}

TEST_F(PluginFaults, WhatAPluginPrintsIsTakenForNothingElse) {
  const Finished result = sweep("prints_in_bind,none");
  EXPECT_EQ(result.out, "2 runs: 2 done now\n") << result.err;
  EXPECT_EQ(result.err.find("ready"), std::string::npos) << result.err;
  const std::string log = read_file(world_ / "runs/logs" / (record_of("prints_in_bind").id + ".log"));
  EXPECT_NE(log.find("ready\nno outcome at all\n"), std::string::npos) << log;
}

TEST_F(PluginFaults, ACrashBeforeAnyRunIsOneLineThatNamesThePlugin) {
  const Finished result = sweep("crashes_in_resolve,none");
  EXPECT_GT(result.code, 128);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("runner: plugin faulty.so crashed in resolve with signal 11; "))
      << result.err;
}

TEST_F(PluginFaults, ACrashInARunThatIsDoneOnceMoreKeepsItsResult) {
  ASSERT_EQ(sweep("crashes_when_told").code, 0);
  const Finished again = sweep("crashes_when_told", {"--force"}, "env PROMPTBED_FAULTY_CRASHES=1");
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.out, "1 run: 1 failed\n") << again.err;
  EXPECT_NE(again.err.find("signal 11"), std::string::npos) << again.err;
  EXPECT_EQ(record_of("crashes_when_told").status, RunStatus::done);
}

TEST_F(PluginFaults, AnotherBuildOfAPluginWithTheSameVersionIsToldOf) {
  ASSERT_EQ(sweep("none").code, 0);
  EXPECT_EQ(sweep("none").err, "");
  std::ofstream(plugin(), std::ios::app) << "built anew";  // the loader does not look behind its end
  const Finished result = sweep("none");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "1 run: 1 done before\n");
  EXPECT_EQ(result.err,
            "warning: none: 1 finished run was made by another build of its plugin with the same version; "
            "raise the method's version, or repeat with --force\n");
  ASSERT_EQ(sweep("none", {"--force"}).code, 0);
  EXPECT_EQ(sweep("none").err, "");
}

TEST_F(PluginFaults, APluginThatIsLeftOutIsOneLineAndTheOthersWork) {
  fs::copy_file(plugin(), world_ / "plugins/imitation.so");
  std::ofstream(world_ / "plugins/text.so") << "no library";
  fs::permissions(world_ / "plugins/imitation.so", fs::perms::others_write, fs::perm_options::add);
  const Finished result = sweep("none");
  EXPECT_EQ(result.out, "1 run: 1 done now\n");
  const std::string imitation = (world_ / "plugins/imitation.so").string();
  EXPECT_NE(result.err.find("everybody may write it; run chmod o-w " + imitation + "\nwarning: "),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("text.so: cannot be loaded ("), std::string::npos) << result.err;
}

TEST_F(PluginFaults, WhatAProcessSaidBeforeItDiedIsInTheLogOfTheRun) {
  sweep("aborts_in_bind");
  const RunRecord record = record_of("aborts_in_bind");
  const std::string log = read_file(world_ / "runs/logs" / (record.id + ".log"));
  EXPECT_NE(log.find(" aborts_in_bind on one, 2 shots, seed 1, attempt 1\n"), std::string::npos) << log;
}

TEST_F(PluginFaults, AFailedRunIsTriedAgainAsOftenAsAsked) {
  const Finished result = sweep("throws_in_bind,none", {"--retries", "2"});
  EXPECT_EQ(result.out, "2 runs: 1 done now, 1 failed\n") << result.err;
  EXPECT_EQ(record_of("throws_in_bind").attempts, 3);
  EXPECT_EQ(record_of("none").attempts, 1);
}

TEST_F(PluginFaults, FailFastLeavesOutWhatIsNotBegun) {
  const Finished result = world_.sweep(
      "throws_in_bind,none", {"--plugins", "plugins", "--fail-fast", "--seeds", "1,2,3,4", "--jobs", "1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("left out after the first failure, as --fail-fast asks: "), std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find(" left out"), std::string::npos) << result.out;
}

TEST_F(PluginFaults, EndNoPlanInSilence) {
  const Finished result = sweep("exits_in_resolve,coop");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("runner: plugin faulty.so ended the program in resolve; fix it or remove it"),
            std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace promptbed
