#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/json.h"
#include "clip/model.h"
#include "data/draws/class_sets.h"
#include "features/cache_folder.h"
#include "features/picture_encoder.h"
#include "results/ledger.h"
#include "support/sweep_world.h"
#include "sweep/features.h"
#include "sweep/inputs.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;

/// Every file below a folder, with its size and time.
std::map<std::string, std::pair<uintmax_t, fs::file_time_type>> files_in(const fs::path& folder) {
  std::map<std::string, std::pair<uintmax_t, fs::file_time_type>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path()] = {entry.file_size(), entry.last_write_time()};
  }
  return files;
}

/// A suite "pocket" that needs neither model nor data.
class EmbeddedSuite : public testing::Test {
 protected:
  EmbeddedSuite() { world_.embed(); }

  Finished sweep(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"sweep", "--methods", "clip_zeroshot,coop"};
    const std::map<std::string, std::string> defaults = {{"--shots", "2"},  {"--views", "2"},
                                                         {"--epochs", "2"}, {"--seeds", "1,2"},
                                                         {"--jobs", "1"},   {"--threads", "1"}};
    for (const auto& [option, value] : defaults) {
      if (std::ranges::find(more, option) == more.end()) words.insert(words.end(), {option, value});
    }
    words.insert(words.end(), more.begin(), more.end());
    return world_.run(words);
  }

  /// A wrong sweep: exit code 2, nothing made, and one line that has all these parts.
  void expect_refused(const std::vector<std::string>& more, const std::vector<std::string>& parts) const {
    const Finished result = sweep(more);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(test::count_errors(result.err), 1) << result.err;
    for (const std::string& part : parts) EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(world_ / "runs"));
  }

  void write_other_model() const {
    auto tensors = test::mini_huggingface_tensors(3);
    tensors.at("logit_scale").add_(1);
    write_safetensors(world_ / "other/model.safetensors", {tensors.begin(), tensors.end()});
    fs::copy(world_ / "away/model/config.json", world_ / "other");
    fs::copy(world_ / "away/model/merges.txt", world_ / "other");
  }

  test::SweepWorld world_;
};

TEST_F(EmbeddedSuite, SweepsWithoutModelDataAndPictures) {
  const auto before = files_in(world_ / "suites");
  const Finished first = sweep({"--jobs", "2"});
  EXPECT_EQ(first.out, "6 runs: 6 done now\n") << first.err;
  EXPECT_EQ(sweep().out, "6 runs: 6 done before\n");
  EXPECT_EQ(files_in(world_ / "suites"), before) << "nothing is written beside the suite";
  EXPECT_FALSE(fs::exists(world_ / "runs/cache"));
}

TEST_F(EmbeddedSuite, GivesTheScoresOfThePicturesItself) {
  ASSERT_EQ(sweep().code, 0);
  const Finished again = sweep({"--suite", "pocket", "--data", "away/data", "--force"});
  EXPECT_EQ(again.out, "6 runs: 6 done now\n") << again.err;
  EXPECT_TRUE(fs::exists(world_ / "runs/cache")) << "from pictures, not from the sealed features";
  const Ledger ledger = Ledger::open_existing(world_ / "runs/promptbed.db");
  EXPECT_EQ(ledger.list().size(), 6U) << "sealed features say what their images held: they are the same runs";
  std::map<std::string, std::set<std::string>> predictions;  // by what was run and tested
  for (const RunRecord& run : ledger.list()) {
    for (const Score& score : ledger.outcome(run.id).scores) {
      predictions[run.spec.method + run.spec.dataset + std::to_string(run.spec.seed) + score.class_set]
          .insert(score.predictions_hash);
    }
  }
  EXPECT_EQ(predictions.size(), 12U);
  for (const auto& [test, hashes] : predictions) EXPECT_EQ(hashes.size(), 1U) << test;
}

TEST_F(EmbeddedSuite, TellsWhereFeaturesComeFrom) {
  const Finished sealed = sweep({"--dry-run"});
  EXPECT_NE(sealed.out.find("features: sealed, in " + (world_ / "suites/pocket/features").string()),
            std::string::npos)
      << sealed.out << sealed.err;
  const Finished pictures = sweep({"--suite", "pocket", "--data", "away/data", "--dry-run"});
  EXPECT_NE(pictures.out.find("features: cached in runs/cache, extracted from the images in away/data"),
            std::string::npos)
      << pictures.out;
}

TEST_F(EmbeddedSuite, RefusesAnotherModelNamingBoth) {
  write_other_model();
  const auto name_of = [&](const fs::path& model) { return ClipModel::load(world_ / model).fingerprint(); };
  expect_refused({"--model", "other"},
                 {"one.h5: holds features of model", name_of("other"), name_of("away/model"),
                  "leave --model out, give the images' folder with --data, or seal it again"});
  EXPECT_EQ(sweep({"--model", "away/model"}).code, 0) << "a copy of the same model is the same model";
}

TEST_F(EmbeddedSuite, TakesTheSealedFeaturesWhateverThePrecisionOfTheTextTower) {
  for (const char* precision : {"bf16", "f16"}) EXPECT_EQ(sweep({"--precision", precision}).code, 0);
}

TEST_F(EmbeddedSuite, RefusesWhatTheSealedFeaturesLack) {
  expect_refused({"--views", "3"},
                 {"one.h5: is sealed and lacks views of", "first view 2 of", "lower --views"});
  const fs::path split = world_ / "suites/pocket/data/one/split_zhou.json";
  auto foreign = read_json(split);
  foreign["test"][0][0] = "a/foreign.bmp";
  write_file(split, foreign.dump());
  expect_refused({}, {"one.h5: is sealed and lacks views of 1 images, first the centre view of a/foreign.bmp",
                      "put back the split"});
}

TEST_F(EmbeddedSuite, ThatHasItsImagesServesWhateverIsAskedFor) {
  world_.embed_images();
  EXPECT_EQ(sweep().out, "6 runs: 6 done now\n");
  EXPECT_FALSE(fs::exists(world_ / "runs/cache")) << "sealed features serve where they can";
  const Finished views = sweep({"--views", "3"});
  EXPECT_EQ(views.out, "6 runs: 4 done now, 2 done before\n") << views.err;
  const Finished crops = sweep({"--crops", "0.5-1"});
  EXPECT_EQ(crops.out, "6 runs: 4 done now, 2 done before\n") << crops.err;
  const Finished report = world_.run({"report", "--shots", "2"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_EQ(report.out.find("left out"), std::string::npos) << "all are of the same images: " << report.out;
  write_other_model();
  const Finished model = sweep({"--model", "other"});
  EXPECT_EQ(model.out, "6 runs: 6 done now\n") << model.err;
  EXPECT_EQ(sweep({"--model", "other", "--crops", "0.5-1"}).out, "6 runs: 4 done now, 2 done before\n");
}

TEST_F(EmbeddedSuite, ADamagedFileIsNoticedEvenIfThereAreImages) {
  world_.embed_images();
  const fs::path file = world_ / "suites/pocket/features/two.h5";
  write_file(file, read_file(file).substr(0, 3000));
  expect_refused({}, {"two.h5: is", "restore the original"});
  fs::remove(file);
  expect_refused({}, {"two.h5: no such file"});
}

TEST_F(EmbeddedSuite, ADamagedArchiveStopsNothingThatNeedsNoImages) {
  world_.embed_images();
  write_file(world_ / "suites/pocket/data/two/images.zip", "");
  EXPECT_EQ(sweep().out, "6 runs: 6 done now\n");
}

TEST_F(EmbeddedSuite, ViewlessRunsAreTheSameWhateverCropsCover) {
  EXPECT_EQ(sweep({"--views", "0"}).out, "6 runs: 6 done now\n");
  EXPECT_EQ(sweep({"--views", "0", "--crops", "0.5-1"}).out, "6 runs: 6 done before\n");
}

TEST_F(EmbeddedSuite, NoticesADamagedFile) {
  const fs::path file = world_ / "suites/pocket/features/two.h5";
  std::string contents = read_file(file);
  contents[contents.size() / 2] = static_cast<char>(contents[contents.size() / 2] ^ 0x55);
  write_file(file, contents.substr(0, contents.size() - 1));
  expect_refused({}, {"two.h5: is", "restore the original"});
}

TEST_F(EmbeddedSuite, ListsAndVerifiesTheSealedFiles) {
  const Finished listed = world_.run({"features", "list"});
  EXPECT_NE(listed.out.find("sealed"), std::string::npos) << listed.out;
  EXPECT_EQ(world_.run({"features", "verify"}).out, "2 files: 2 good, 0 failed\n");
  const Finished counts = world_.run({"datasets", "list", "--suite", "pocket"});
  EXPECT_NE(counts.out.find(" 12 "), std::string::npos) << counts.out;
  EXPECT_EQ(counts.out.find("* "), std::string::npos) << counts.out;
}

TEST_F(EmbeddedSuite, ATestSetAloneServesZeroShotOnly) {
  const fs::path split = world_ / "away/data/one/split_zhou.json";
  auto shifted = read_json(split);
  shifted["train"] = shifted["val"] = nlohmann::json::array();
  write_file(split, shifted.dump());
  const Finished result = sweep({"--suite", "pocket", "--data", "away/data", "--datasets", "one"});
  EXPECT_EQ(result.out, "3 runs: 1 done now, 2 failed\n") << result.err;
  EXPECT_NE(result.err.find("one: has no training images, only a test set"), std::string::npos) << result.err;
}

/// What this repository embeds.
class RepositorySuites : public testing::Test {
 protected:
  /// The runner, on the repository's suites.
  Finished run(const std::vector<std::string>& words) const {
    return test::run_runner(scratch_.path(), {"PROMPTBED_DATASETS=" + suites_.string()}, words);
  }

  test::ScratchFolder scratch_;
  const fs::path suites_ = fs::path(PROMPTBED_SOURCE_DIR) / "datasets";
};

TEST_F(RepositorySuites, HaveAllFeaturesOfTheirSplits) {
  for (const char* id : {"pocket", "pocket_shift"})
    EXPECT_FALSE(read_suite(suites_, id).features.empty()) << id;
  for (const Suite& suite : read_suites(suites_)) {
    if (suite.features.empty()) continue;
    InputSpec spec;
    spec.suites = suites_;
    spec.suite = suite.id;
    const Inputs inputs(spec);
    for (const DatasetSpec& dataset : inputs.datasets()) {
      const FeatureCache cache = inputs.open_cache(dataset);
      EXPECT_TRUE(cache.sealed()) << dataset.id;
      EXPECT_TRUE(cache.missing(requests_of(inputs.read_split(dataset), spec.views), {}).empty())
          << dataset.id;
      EXPECT_NO_THROW(verify_cache(cache.path()));
    }
  }
}

/// The greatest difference of a feature from the one that `image` gives, relative to its length.
double deviation(const FeatureCache& sealed, const PictureEncoder& encoder, const ImageFiles& files,
                 const std::string& image, const std::vector<int>& views) {
  const std::vector<std::string> images = {image};
  const Tensor expected = sealed.read(images, views)[0];
  const Tensor found =
      encoder.encode(decode_picture(files, image), views, view_key(sealed.key().dataset, image));
  return ((found - expected).norm(2, 1) / expected.norm(2, 1)).max().item<double>();
}

TEST_F(RepositorySuites, SealedFeaturesAreThoseOfTheSealedImages) {
  constexpr size_t kEvery = 41;        // of the images: a few seconds in all
  constexpr double kHalfFloat = 2e-3;  // what rounding to sixteen bits may change
  for (const char* id : {"pocket", "pocket_shift"}) {
    InputSpec spec;
    spec.suites = suites_;
    spec.suite = id;
    Inputs inputs(spec);
    for (const DatasetSpec& dataset : inputs.datasets()) {
      const FeatureCache sealed = inputs.open_cache(dataset);
      ASSERT_TRUE(sealed.sealed()) << dataset.id;
      const PictureEncoder encoder(inputs.image_encoder(), inputs.model().preprocessing(), torch::kCPU,
                                   dataset.crops);
      const ImageFiles& files = inputs.contents(dataset).files();
      EXPECT_TRUE(files.is_archive()) << dataset.id;
      const Split split = inputs.read_split(dataset);
      for (const FeatureRequest& request : requests_of(split, spec.views)) {
        for (size_t i = 0; i < request.images.size(); i += kEvery)
          EXPECT_LT(deviation(sealed, encoder, files, request.images[i], request.views), kHalfFloat)
              << dataset.id << ' ' << request.images[i];
      }
    }
  }
}

TEST_F(RepositorySuites, PocketIsSweptOutOfTheBox) {
  const Suite suite = read_suite(suites_, "pocket");
  const DatasetSpec& dataset = suite.datasets.front();
  const Split split = read_split(dataset, suite.data);
  const Finished swept = run({"sweep", "--methods", "clip_zeroshot,coop", "--datasets", dataset.id, "--seeds",
                              "1", "--epochs", "2", "--jobs", "1"});
  EXPECT_EQ(swept.out, "2 runs: 2 done now\n") << swept.err;

  const auto classes = static_cast<double>(split.class_names.size());
  for (const RunScore& entry : Ledger::open_existing(scratch_ / "runs/promptbed.db").scores()) {
    const ClassSet set = parse_class_set(entry.score.class_set);
    EXPECT_EQ(entry.score.images, static_cast<int64_t>(subset(split.test, split, set).size()));
    EXPECT_GT(entry.score.accuracy, 3 * 100 / (classes / 2)) << "three times chance";
  }
}

TEST_F(RepositorySuites, EmbeddedPicturesGoFromPixelsToScores) {
  const std::string pictures = (suites_ / "pocket/pictures").string();
  const Finished swept = run({"sweep", "--methods", "clip_zeroshot,coop", "--suite", "pocket", "--datasets",
                              "nature_food", "--data", pictures, "--shots", "2", "--views", "2", "--seeds",
                              "1", "--epochs", "2", "--jobs", "1"});
  EXPECT_EQ(swept.out, "2 runs: 2 done now\n") << swept.err;
  for (const RunScore& entry : Ledger::open_existing(scratch_ / "runs/promptbed.db").scores()) {
    EXPECT_EQ(entry.score.images, 10) << "five classes of two test pictures";
    EXPECT_GE(entry.score.accuracy, 40) << "twice chance";
  }
}

}  // namespace
}  // namespace promptbed
