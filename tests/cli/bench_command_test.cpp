#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/runner.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::Finished;

/// The real methods on the embedded model, for as short as can be.
class BenchCommand : public testing::Test {
 protected:
  Finished bench(std::vector<std::string> more) const {
    std::vector<std::string> words = {"bench"};
    if (std::ranges::find(more, "--seconds") == more.end()) words.insert(words.end(), {"--seconds", "0.001"});
    words.insert(words.end(), more.begin(), more.end());
    return test::run_runner(scratch_.path(), {}, words);
  }

  test::ScratchFolder scratch_;
};

TEST_F(BenchCommand, CountsAndTimesWhatAMethodLearns) {
  const Finished result = bench({"--methods", "coop,clip_zeroshot", "--class-count", "4", "--set",
                                 "coop.n_ctx=3", "--batch-size", "5", "--format", "json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto methods = nlohmann::json::parse(result.out).at("methods");
  ASSERT_EQ(methods.size(), 2U);
  EXPECT_EQ(methods[0].at("method"), "coop");
  EXPECT_EQ(methods[0].at("learned"), 3 * 128);
  EXPECT_EQ(methods[0].at("batch_size"), 5);
  EXPECT_GT(methods[0].at("step_seconds"), 0.0);
  EXPECT_GT(methods[0].at("peak_bytes"), 10'000'000);
  EXPECT_TRUE(methods[1].at("step_seconds").is_null());
  EXPECT_GT(methods[1].at("test_images_per_second"), 0.0);
}

TEST_F(BenchCommand, TakesNamesFromAFile) {
  write_file(scratch_ / "names.txt", "cat\ndog\r\n\nred fox\n");
  const Finished result = bench({"--methods", "clip_zeroshot", "--classes-file", "names.txt"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("Cost with 3 classes, text width 128, f32, 1 thread"), std::string::npos)
      << result.out;
}

TEST_F(BenchCommand, ArchitecturesHaveTheirPublishedWidths) {
  const Finished result = bench({"--methods", "clip_zeroshot", "--arch", "ViT-B/16", "--class-count", "1"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("text width 512"), std::string::npos) << result.out;
}

TEST_F(BenchCommand, RefusesWhatItDoesNotKnow) {
  const auto refusal = [&](std::vector<std::string> words) {
    const Finished result = bench(std::move(words));
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_EQ(refusal({"--arch", "ViT-B/17"}),
            "runner: no architecture ViT-B/17; known: RN50, RN101, ViT-B/32, ViT-B/16, ViT-L/14\n");
  EXPECT_EQ(refusal({"--arch", "RN50", "--model", "x"}),
            "runner: --model and --arch contradict each other; give one of them\n");
  EXPECT_EQ(refusal({"--seconds", "0"}), "runner: --seconds 0: give more than 0 and less than 1000000\n");
  EXPECT_EQ(refusal({"--activation", "relu"}), "runner: --activation relu: known: quick_gelu, gelu\n");
  EXPECT_EQ(refusal({"--methods", "coop", "--set", "cocoop.n_ctx=3"}),
            "runner: --set cocoop.n_ctx=3: method cocoop is not among --methods coop\n");
  EXPECT_EQ(refusal({"--methods", "no_such"}).find("runner: no method no_such"), 0U);
  write_file(scratch_ / "empty.txt", "\n");
  EXPECT_EQ(refusal({"--classes-file", "empty.txt"}),
            "runner: empty.txt: holds no class name; give one per line\n");
}

}  // namespace
}  // namespace promptbed
