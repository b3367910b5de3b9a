#include <gtest/gtest.h>

#include <map>
#include <string>

#include "clip/towers/stand_in_device.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

using test::Finished;

/// Whole commands on the device that stands in for a GPU, beside the CPU.
class OnTheStandInDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!stand_in_device()) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
  }

  /// Accuracies by run and classes, of a sweep that begins with extracting features.
  std::map<std::string, double> accuracies(const std::string& device) const {
    const std::string ledger = device + "/ledger.db";
    const Finished swept =
        world_.sweep(kMethods, {"--device", device, "--db", ledger, "--cache", device, "--set",
                                "vpt.template={}.", "--set", "vpt.n_ctx_vision=2"});
    EXPECT_EQ(swept.code, 0) << swept.err;
    std::map<std::string, double> found;
    const Ledger opened = Ledger::open_existing(world_ / ledger);
    for (const RunRecord& run : opened.list()) {
      for (const Score& score : opened.outcome(run.id).scores)
        found[run.id + " " + score.class_set] = score.accuracy;
    }
    return found;
  }

  /// What `runner eval` prints of the prompt of a run that was made on the CPU.
  std::string tested(const std::string& method, const std::string& device) const {
    for (const RunRecord& run : Ledger::open_existing(world_ / "cpu/ledger.db").list()) {
      if (run.spec.method != method) continue;
      const Finished done =
          world_.run({"eval", "--prompt", run.id, "--db", "cpu/ledger.db", "--suite", "small", "--model",
                      "model", "--data", "data", "--cache", "cpu", "--device", device});
      EXPECT_EQ(done.code, 0) << done.err;
      return done.out;
    }
    ADD_FAILURE() << "no run of " << method;
    return "";
  }

  static constexpr const char* kMethods = "clip_zeroshot,coop,cocoop,linear_probe,gda_clip,tip_adapter_f,vpt";
  test::SweepWorld world_;
};

TEST_F(OnTheStandInDevice, SweepsAndTestsGiveTheCpusAccuracies) {
  const std::map<std::string, double> on_cpu = accuracies("cpu");
  EXPECT_EQ(on_cpu.size(), 2 * (2 + 2 * (2 + 2 + 1 + 2 + 1 + 2)))
      << "two datasets, two seeds, the classes that each serves";
  EXPECT_EQ(accuracies("stand-in"), on_cpu);

  for (const char* method : {"cocoop", "gda_clip", "vpt"})
    EXPECT_EQ(tested(method, "stand-in"), tested(method, "cpu")) << method;
}

TEST_F(OnTheStandInDevice, StepsThatAreRepeatedGiveTheBitsOfComputedOnes) {
  const auto prompts = [&](const std::string& ledger, const std::vector<std::string>& more) {
    std::vector<std::string> options = {"--device", "stand-in", "--db", ledger + "/ledger.db"};
    options.insert(options.end(), more.begin(), more.end());
    const Finished swept = world_.sweep("coop,cocoop", options);
    EXPECT_EQ(swept.code, 0) << swept.err;
    std::map<std::string, std::string> found;
    const Ledger opened = Ledger::open_existing(world_ / ledger / "ledger.db");
    for (const RunRecord& run : opened.list()) found[run.id] = opened.outcome(run.id).state_hash;
    return found;
  };
  const auto repeated = prompts("repeated", {});
  EXPECT_EQ(repeated.size(), 8) << "two methods, datasets and seeds";
  EXPECT_EQ(repeated, prompts("computed", {"--no-cuda-graphs"}));

  // That the first were repeated shows a method whose steps cannot be.
  const std::vector<std::string> faulty = {"--plugins", PROMPTBED_FIXTURES, "--device", "stand-in"};
  const Finished failed = world_.sweep("uploads_in_repeatable_steps", faulty);
  EXPECT_EQ(failed.code, 1);
  EXPECT_NE(failed.err.find("a recorded step copies between the CPU and the device"), std::string::npos)
      << failed.err;
  std::vector<std::string> without = faulty;
  without.push_back("--no-cuda-graphs");
  EXPECT_EQ(world_.sweep("uploads_in_repeatable_steps", without).code, 0);
}

// So the device is there: a method that leaves a tensor on the CPU cannot be trained on it.
TEST_F(OnTheStandInDevice, AMethodThatStaysOnTheCpuFails) {
  const auto sweep = [&](const char* device) {
    return world_.sweep("stays_on_the_cpu", {"--plugins", PROMPTBED_FIXTURES, "--device", device});
  };
  const Finished failed = sweep("stand-in");
  EXPECT_EQ(failed.code, 1);
  EXPECT_NE(failed.err.find("Expected all tensors to be on the same device"), std::string::npos)
      << failed.err;
  const Finished done = sweep("cpu");
  EXPECT_EQ(done.code, 0) << done.err;
}

}  // namespace
}  // namespace promptbed
