#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "features/feature_file.h"
#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

/// Methods that adapt to test images, on a very small suite.
class TestTimeMethods : public testing::Test {
 protected:
  Finished sweep(const std::string& methods, std::vector<std::string> more = {}) const {
    std::vector<std::string> words;
    const auto has = [&](const char* method) {
      return ("," + methods + ",").find(method) != std::string::npos;
    };
    if (has(",tpt,")) words = {"--set", "tpt.views=3", "--set", "tpt.ctx_init=a"};
    if (has(",zero,")) words.insert(words.end(), {"--set", "zero.template={}."});
    if (has(",zero,") && std::ranges::find(more, "zero.views=3") == more.end())
      words.insert(words.end(), {"--set", "zero.views=2"});
    words.insert(words.end(), more.begin(), more.end());
    return world_.sweep(methods, words);
  }

  std::vector<fs::path> files_of_views() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(world_ / "runs/cache"))
      if (entry.path().string().ends_with(".test-views.h5")) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }

  std::vector<Score> scores(const std::string& method) const {
    const Ledger ledger = Ledger::open_existing(world_ / "runs/promptbed.db");
    std::vector<Score> found;
    for (const RunRecord& run : ledger.list()) {
      if (run.spec.method != method) continue;
      for (const Score& score : ledger.outcome(run.id).scores) found.push_back(score);
    }
    return found;
  }

  test::SweepWorld world_;
};

TEST_F(TestTimeMethods, ExtractTheCropsOnceIntoAFileOfTheirOwn) {
  const Finished first = sweep("tpt,zero,clip_zeroshot");
  EXPECT_EQ(first.out, "6 runs: 6 done now\n") << first.err;
  ASSERT_EQ(files_of_views().size(), 2U);
  const FeatureFile file(files_of_views().front());
  EXPECT_EQ(file.rows().size(), 3U * 4 * test::SweepWorld::kTest) << "the crops of the method with most";
  const auto written = fs::last_write_time(files_of_views().front());
  EXPECT_EQ(sweep("tpt,zero,clip_zeroshot").out, "6 runs: 6 done before\n");
  EXPECT_EQ(sweep("zero", {"--set", "zero.views=3"}).out, "2 runs: 2 done now\n");
  EXPECT_EQ(fs::last_write_time(files_of_views().front()), written) << "they are there";
  EXPECT_EQ(scores("tpt").size(), 4U);
}

TEST_F(TestTimeMethods, AreOtherRunsOnOtherCrops) {
  ASSERT_EQ(sweep("zero").code, 0);
  EXPECT_EQ(sweep("zero", {"--crops", "0.5-1"}).out, "2 runs: 2 done now\n");
  EXPECT_EQ(files_of_views().size(), 4U);
}

TEST_F(TestTimeMethods, CountImagesToEncodeInADryRun) {
  ASSERT_EQ(sweep("clip_zeroshot").code, 0);
  const Finished dry = sweep("zero", {"--dry-run"});
  EXPECT_NE(dry.out.find("12"), std::string::npos) << "test images of each dataset: " << dry.out;
  EXPECT_TRUE(files_of_views().empty());
}

TEST_F(TestTimeMethods, OnlineOnesMakeOneRunASeed) {
  EXPECT_EQ(sweep("tda,clip_zeroshot").out, "6 runs: 6 done now\n");
  const Ledger ledger = Ledger::open_existing(world_ / "runs/promptbed.db");
  std::set<int64_t> seeds;
  for (const RunRecord& run : ledger.list()) {
    if (run.spec.method == "tda") seeds.insert(run.spec.seed);
    EXPECT_EQ(run.spec.shots, 0);
  }
  EXPECT_EQ(seeds, (std::set<int64_t>{1, 2}));
  const Finished json = world_.run({"report", "--table", "base-new", "--format", "json"});
  for (const auto& row : nlohmann::json::parse(json.out).at("rows")) {
    if (row.at("method") == "tda") {
      EXPECT_EQ(row.at("seeds"), nlohmann::json({1, 2})) << row;
    } else {
      EXPECT_TRUE(row.at("seeds").is_null()) << row;
    }
    EXPECT_TRUE(row.at("shots").is_null()) << row;
  }
}

TEST_F(TestTimeMethods, GiveTheSameWhateverTheJobs) {
  ASSERT_EQ(sweep("tda,tpt").code, 0);
  ASSERT_EQ(sweep("tda,tpt", {"--jobs", "3", "--db", "other/promptbed.db"}).code, 0);
  const auto predictions = [&](const char* path) {
    const Ledger ledger = Ledger::open_existing(world_ / path);
    std::set<std::string> found;
    for (const RunRecord& run : ledger.list()) {
      for (const Score& score : ledger.outcome(run.id).scores)
        found.insert(run.id + score.class_set + score.predictions_hash);
    }
    return found;
  };
  EXPECT_EQ(predictions("runs/promptbed.db"), predictions("other/promptbed.db"));
}

TEST_F(TestTimeMethods, AreServedByEvalAndPredict) {
  ASSERT_EQ(sweep("tpt").code, 0);
  const auto with = [&](std::vector<std::string> words, const std::string& method) {
    words.insert(words.end(), {"--method", method, "--suite", "small", "--model", "model", "--data", "data"});
    if (method == "tpt") words.insert(words.end(), {"--set", "tpt.views=3", "--set", "tpt.ctx_init=a"});
    return world_.run(words);
  };
  for (const char* method : {"tpt", "tda"}) {
    const Finished eval =
        with({"eval", "--dataset", "one", "--class-set", "new", "--format", "json"}, method);
    ASSERT_EQ(eval.code, 0) << eval.err;
    if (std::string(method) == "tpt") {
      EXPECT_EQ(nlohmann::json::parse(eval.out).at("correct"), scores("tpt").at(1).correct);
    }
    const Finished predicted =
        with({"predict", "data/one/images/a", "--dataset", "one", "--format", "csv"}, method);
    EXPECT_EQ(predicted.code, 0) << predicted.err;
    EXPECT_EQ(std::ranges::count(predicted.out, '\n'), 1 + 7 * 4) << predicted.out;
  }
}

TEST_F(TestTimeMethods, NeedTheImagesOfAnEmbeddedSuite) {
  world_.embed();
  const std::vector<std::string> words = {"sweep",        "--methods", "zero,clip_zeroshot", "--set",
                                          "zero.views=2", "--set",     "zero.template={}."};
  const Finished without = world_.run(words);
  EXPECT_EQ(without.out, "4 runs: 2 done now, 2 failed\n") << without.err;
  EXPECT_NE(without.err.find("zero needs the images of one, and there are features only"), std::string::npos)
      << without.err;
  world_.embed_images();
  EXPECT_EQ(world_.run(words).out, "4 runs: 2 done now, 2 done before\n");
}

}  // namespace
}  // namespace promptbed
