#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "results/ledger.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

/// A method that takes pixels, on a very small suite: it needs images, and no features.
class PixelMethods : public testing::Test {
 protected:
  Finished sweep(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"sweep",
                                      "--methods",
                                      "vpt",
                                      "--suite",
                                      "small",
                                      "--model",
                                      "model",
                                      "--data",
                                      "data",
                                      "--shots",
                                      "2",
                                      "--epochs",
                                      "2",
                                      "--threads",
                                      "1",
                                      "--set",
                                      "vpt.template={}.",
                                      "--set",
                                      "vpt.n_ctx_vision=2"};
    for (const auto& [option, value] : {std::pair("--seeds", "1,2"), {"--jobs", "1"}}) {
      if (std::ranges::find(more, option) == more.end()) words.insert(words.end(), {option, value});
    }
    words.insert(words.end(), more.begin(), more.end());
    return world_.run(words);
  }

  /// Hashes of what was learned and predicted, by dataset, seed and test.
  std::map<std::string, std::string> results(const fs::path& ledger) const {
    const Ledger opened = Ledger::open_existing(world_ / ledger);
    std::map<std::string, std::string> found;
    for (const RunRecord& run : opened.list()) {
      const std::string name = run.spec.dataset + std::to_string(run.spec.seed);
      const RunOutcome outcome = opened.outcome(run.id);
      found[name] = outcome.state_hash;
      for (const Score& score : outcome.scores) found[name + score.class_set] = score.predictions_hash;
    }
    return found;
  }

  test::SweepWorld world_;
};

TEST_F(PixelMethods, TrainAndTestOnImagesAndExtractNothing) {
  const Finished done = sweep();
  EXPECT_EQ(done.out, "4 runs: 4 done now\n") << done.err;
  EXPECT_FALSE(fs::exists(world_ / "runs/cache/features")) << "no features are needed";
  for (const auto& entry : fs::recursive_directory_iterator(world_ / "runs"))
    EXPECT_NE(entry.path().extension(), ".h5") << entry.path();
  EXPECT_EQ(sweep().out, "4 runs: 4 done before\n");
  EXPECT_EQ(results("runs/promptbed.db").size(), 12U);
}

TEST_F(PixelMethods, GiveTheSameBitsWhateverTheJobs) {
  ASSERT_EQ(sweep().code, 0);
  ASSERT_EQ(sweep({"--jobs", "3", "--db", "other/promptbed.db"}).code, 0);
  EXPECT_EQ(results("other/promptbed.db"), results("runs/promptbed.db"));
}

TEST_F(PixelMethods, SayNothingOfFeaturesInADryRun) {
  const Finished dry = sweep({"--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_EQ(dry.out.find("features:"), std::string::npos) << dry.out;
}

TEST_F(PixelMethods, SeeFreshCropsUnlessTheCentreIsAskedFor) {
  ASSERT_EQ(sweep().code, 0);
  EXPECT_EQ(sweep({"--views", "7"}).out, "4 runs: 4 done before\n") << "stored views are not theirs";
  EXPECT_EQ(sweep({"--views", "0"}).out, "4 runs: 4 done now\n");
  EXPECT_EQ(sweep({"--crops", "0.5-1"}).out, "4 runs: 4 done now\n");
  const Ledger ledger = Ledger::open_existing(world_ / "runs/promptbed.db");
  const std::string run = ledger.list().front().id;
  const Finished shown = world_.run({"runs", "show", run});
  EXPECT_NE(shown.out.find("a fresh random crop in each epoch"), std::string::npos) << shown.out;
}

TEST_F(PixelMethods, AreTrainedAgainWhenAnImageHasChanged) {
  ASSERT_EQ(sweep().code, 0);
  for (const char* image : {"a/train0.bmp", "a/train1.bmp", "a/train2.bmp"})
    write_file(world_ / ("data/one/images/" + std::string(image)), test::bmp_picture(1, 2, 3));
  EXPECT_EQ(sweep().out, "4 runs: 2 done now, 2 done before\n");
}

TEST_F(PixelMethods, AreServedByEvalAndPredict) {
  ASSERT_EQ(sweep({"--seeds", "1", "--datasets", "one"}).code, 0);
  const RunRecord run = Ledger::open_existing(world_ / "runs/promptbed.db").list().front();
  const std::vector<std::string> inputs = {"--prompt", run.id,  "--suite", "small",
                                           "--model",  "model", "--data",  "data"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), inputs.begin(), inputs.end());
    return world_.run(words);
  };
  const Finished eval = with({"eval", "--class-set", "new", "--format", "json"});
  ASSERT_EQ(eval.code, 0) << eval.err;
  const std::vector<Score> scores =
      Ledger::open_existing(world_ / "runs/promptbed.db").outcome(run.id).scores;
  const auto on_new = std::ranges::find(scores, "new", &Score::class_set);
  ASSERT_NE(on_new, scores.end());
  EXPECT_EQ(nlohmann::json::parse(eval.out).at("correct"), on_new->correct);
  write_file(world_ / "pictures/bad.png", "no picture");
  for (const char* name : {"a/test0.bmp", "d/test2.bmp"}) {
    fs::create_directories((world_ / "pictures" / name).parent_path());
    fs::copy_file(world_ / "data/one/images" / name, world_ / "pictures" / name);
  }
  const Finished predicted =
      with({"predict", "pictures", "--dataset", "one", "--format", "csv", "--top", "1"});
  EXPECT_EQ(predicted.code, 1) << "one image cannot be read";
  EXPECT_NE(predicted.err.find("bad.png"), std::string::npos) << predicted.err;
  EXPECT_EQ(std::ranges::count(predicted.out, '\n'), 3) << predicted.out;
}

TEST_F(PixelMethods, TestOtherDatasetsAndBothHalves) {
  const Finished both = sweep({"--seeds", "1", "--protocol", "open-world"});
  EXPECT_EQ(both.out, "2 runs: 2 done now\n") << both.err;
  const Finished others = sweep({"--seeds", "1", "--protocol", "cross-dataset", "--source", "one"});
  EXPECT_EQ(others.out, "1 run: 1 done now\n") << others.err;
  const Ledger ledger = Ledger::open_existing(world_ / "runs/promptbed.db");
  std::set<std::string> tested;
  for (const RunRecord& run : ledger.list()) {
    for (const Score& score : ledger.outcome(run.id).scores)
      tested.insert(score.dataset + " " + score.class_set);
  }
  EXPECT_EQ(tested,
            (std::set<std::string>{"one all", "one base", "one new", "two all", "two base", "two new"}));
}

TEST_F(PixelMethods, AreTrackedInTrainingAndStayTheSame) {
  ASSERT_EQ(sweep({"--seeds", "1"}).code, 0);
  ASSERT_EQ(sweep({"--seeds", "1", "--track-new", "1", "--db", "other/promptbed.db"}).code, 0);
  EXPECT_EQ(results("other/promptbed.db"), results("runs/promptbed.db"));
}

TEST_F(PixelMethods, AreNoBasesOfMethodsOnCachedFeatures) {
  const Finished refused = world_.sweep("dept", {"--set", "dept.base=vpt", "--set", "vpt.template={}."});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("base vpt: "), std::string::npos) << refused.err;
}

TEST_F(PixelMethods, NameAnImageThatIsMissing) {
  fs::remove(world_ / "data/one/images/b/test1.bmp");
  const Finished missing = sweep({"--seeds", "1"});
  EXPECT_EQ(missing.out, "2 runs: 1 done now, 1 failed\n") << missing.err;
  EXPECT_NE(missing.err.find("b/test1.bmp: cannot be read as a file"), std::string::npos) << missing.err;
}

TEST_F(PixelMethods, NeedTheImagesOfAnEmbeddedSuite) {
  world_.embed();
  const std::vector<std::string> words = {
      "sweep", "--methods", "vpt,clip_zeroshot", "--shots", "2", "--seeds", "1", "--epochs",
      "1",     "--set",     "vpt.template={}."};
  const Finished without = world_.run(words);
  EXPECT_EQ(without.out, "4 runs: 2 done now, 2 failed\n") << without.err;
  EXPECT_NE(without.err.find("vpt needs the images of one, and there are features only"), std::string::npos)
      << without.err;
  world_.embed_images();
  EXPECT_EQ(world_.run(words).out, "4 runs: 2 done now, 2 done before\n");
}

}  // namespace
}  // namespace promptbed
