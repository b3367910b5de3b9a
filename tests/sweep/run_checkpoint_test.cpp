#include "sweep/run_checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <thread>
#include <utility>

#include "base/files.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;

/// The checkpoint of a run after three steps of its second epoch.
class Checkpoints : public testing::Test {
 protected:
  Checkpoints() {
    outcome_.execution.code_version = "abc";
    outcome_.execution.plugin_hash = "def";
    outcome_.tracked = {{0, "base", 62.5}};
  }

  RunCheckpoint checkpoint(std::chrono::milliseconds interval = 0ms) {
    return RunCheckpoint(
        {.path = path(), .run = run_, .device = device_, .track_new = track_new_, .interval = interval},
        outcome_, log_);
  }

  void keep() {
    checkpoint().keep({.epoch = 1,
                       .step = 3,
                       .seconds = 0.25,
                       .records = {{0, 1.0 / 3, 0.002, 1.5}},
                       .tensors = {{"trainable.context", at::arange(6, torch::kFloat).view({2, 3})},
                                   {"optimiser.steps.context", at::tensor(int64_t{7}, torch::kLong)}}});
  }

  fs::path path() const { return scratch_ / "checkpoints" / "0123456789abcdef.safetensors"; }

  test::ScratchFolder scratch_;
  std::string run_ = "0123456789abcdef", device_ = "cpu";
  int64_t track_new_ = 0;
  RunOutcome outcome_;
  std::ostringstream log_;
};

TEST_F(Checkpoints, GiveBackWhatTheyKept) {
  keep();
  outcome_.tracked.clear();
  RunCheckpoint later = checkpoint();
  const auto point = later.earlier();
  ASSERT_TRUE(point) << log_.str();
  EXPECT_EQ(point->epoch, 1);
  EXPECT_EQ(point->step, 3);
  EXPECT_EQ(point->seconds, 0.25);
  ASSERT_EQ(point->records.size(), 1u);
  EXPECT_EQ(point->records[0].loss, 1.0 / 3) << "to the last bit";
  const std::map<std::string, Tensor> tensors(point->tensors.begin(), point->tensors.end());
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_TRUE(at::equal(tensors.at("trainable.context"), at::arange(6, torch::kFloat).view({2, 3})));
  EXPECT_EQ(tensors.at("optimiser.steps.context").item<int64_t>(), 7);
  ASSERT_EQ(outcome_.tracked.size(), 1u);
  EXPECT_EQ(outcome_.tracked[0].accuracy, 62.5);
  EXPECT_DOUBLE_EQ(later.earlier_seconds(), 1.75);
}

TEST_F(Checkpoints, AreNotThereBeforeAnythingWasKept) {
  RunCheckpoint first = checkpoint();
  EXPECT_FALSE(first.earlier());
  EXPECT_EQ(first.earlier_seconds(), 0);
  EXPECT_EQ(log_.str(), "") << "and nothing is worth saying";
}

TEST_F(Checkpoints, OfOtherCodeOrAnotherDeviceAreNotUsed) {
  keep();
  Execution& execution = outcome_.execution;
  for (std::string* fact : {&execution.code_version, &execution.plugin_hash, &execution.torch_version,
                            &execution.precision, &device_, &run_}) {
    const std::string before = std::exchange(*fact, "another");
    EXPECT_FALSE(checkpoint().earlier()) << before;
    *fact = before;
  }
  track_new_ = 5;
  EXPECT_FALSE(checkpoint().earlier()) << "the epochs before were not tracked";
  track_new_ = 0;
  EXPECT_NE(log_.str().find("trains from the start: " + path().string() +
                            ": was made by other code, on another device or with another --track-new\n"),
            std::string::npos)
      << log_.str();
  EXPECT_TRUE(checkpoint().earlier()) << "it is kept all the same";
}

TEST_F(Checkpoints, ThatAreDamagedAreNotUsed) {
  keep();
  const std::string whole = read_file(path());
  for (const size_t at : {size_t{3}, whole.size() / 2, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(path(), damaged);
    log_.str("");
    EXPECT_FALSE(checkpoint().earlier()) << at;
    EXPECT_TRUE(log_.str().starts_with("trains from the start: ")) << log_.str();
  }
  for (const size_t length : {size_t{0}, whole.size() / 2, whole.size() - 1}) {
    write_file(path(), whole.substr(0, length));
    EXPECT_FALSE(checkpoint().earlier()) << length;
  }
}

TEST_F(Checkpoints, AreDueAfterTheInterval) {
  EXPECT_FALSE(checkpoint(0ms).is_due()) << "0: only when the run is interrupted";
  RunCheckpoint often = checkpoint(20ms);
  EXPECT_FALSE(often.is_due());
  std::this_thread::sleep_for(30ms);
  EXPECT_TRUE(often.is_due());
  often.keep({});
  EXPECT_FALSE(often.is_due()) << "it counts from the last one";
}

TEST_F(Checkpoints, ThatCannotBeWrittenCostNothing) {
  write_file(scratch_ / "checkpoints", "a file where the folder belongs");
  keep();
  EXPECT_TRUE(log_.str().starts_with("cannot write a checkpoint: ")) << log_.str();
}

}  // namespace
}  // namespace promptbed
