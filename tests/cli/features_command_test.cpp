#include <gtest/gtest.h>

#include <filesystem>

#include "formats/stored_zip.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::SweepWorld;

constexpr int kPictures = 4 * (SweepWorld::kTrain + SweepWorld::kVal + SweepWorld::kTest);
constexpr int kFeatures =
    kPictures + 4 * SweepWorld::kTrain * 2;  // the centre of all, two views of the training images

/// `runner features` on the small world in two views.
Finished features(const SweepWorld& world, const std::string& word,
                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"features", word,     "--suite", "small",   "--model",
                                    "model",    "--data", "data",    "--views", "2"};
  words.insert(words.end(), more.begin(), more.end());
  return world.run(words);
}

TEST(FeaturesBuild, ExtractsAllThatASweepMayAskFor) {
  const SweepWorld world;
  const Finished built = features(world, "build");
  EXPECT_EQ(built.out, fmt::format("one: {0} features extracted, 0 there before\n"
                                   "two: {0} features extracted, 0 there before\n",
                                   kFeatures))
      << built.err;
  const Finished again = features(world, "build", {"--datasets", "two"});
  EXPECT_EQ(again.out, fmt::format("two: 0 features extracted, {} there before\n", kFeatures));

  fs::rename(world / "data/one/images", world / "data/one/gone");
  fs::rename(world / "data/two/images", world / "data/two/gone");
  EXPECT_EQ(world.sweep("clip_zeroshot,coop").out, "6 runs: 6 done now\n");
}

TEST(FeaturesBuild, AMissingPictureSpoilsItsDatasetOnly) {
  const SweepWorld world;
  fs::remove(world / "data/one/images/b/val0.bmp");
  const Finished built = features(world, "build");
  EXPECT_EQ(built.code, 1);
  EXPECT_EQ(built.out, fmt::format("two: {} features extracted, 0 there before\n", kFeatures));
  EXPECT_NE(built.err.find("failed: one: "), std::string::npos) << built.err;
  EXPECT_NE(built.err.find("b/val0.bmp"), std::string::npos) << built.err;
}

TEST(FeaturesSeal, RefusesAnIncompleteCache) {
  const SweepWorld world;
  ASSERT_EQ(features(world, "build", {"--datasets", "one"}).code, 0);
  const Finished sealed = features(world, "seal", {"--output", "sealed"});
  EXPECT_EQ(sealed.code, 2);
  EXPECT_NE(sealed.err.find("two.h5: lacks features of 28 images"), std::string::npos) << sealed.err;
}

TEST(FeaturesExport, WritesFeaturesLabelsAndPathsForNumpy) {
  const SweepWorld world;
  const Finished exported = world.run({"features", "export", "--suite", "small", "--model", "model", "--data",
                                       "data", "--datasets", "one", "--views", "2", "--output", "exported"});
  EXPECT_EQ(exported.out, fmt::format("exported/one.npz: {} images, 4 class names\n", kPictures))
      << exported.err;
  const StoredZip file(world / "exported/one.npz");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"class_names.npy", "test_features.npy", "test_labels.npy",
                                                    "test_paths.npy", "train_features.npy",
                                                    "train_labels.npy", "train_paths.npy", "train_views.npy",
                                                    "val_features.npy", "val_labels.npy", "val_paths.npy"}));
  const auto shape_of = [&](const std::string& name) {
    const std::string array = file.read(name);
    const size_t begin = array.find("'shape': ") + 9;
    return array.substr(begin, array.find(')', begin) + 1 - begin);
  };
  const int train = 4 * SweepWorld::kTrain;
  EXPECT_EQ(shape_of("train_labels.npy"), fmt::format("({},)", train));
  EXPECT_TRUE(shape_of("train_features.npy").starts_with(fmt::format("({}, ", train)));
  EXPECT_TRUE(shape_of("train_views.npy").starts_with(fmt::format("({}, 2, ", train)));
  EXPECT_NE(file.read("test_paths.npy").find("'<U"), std::string::npos);
}

TEST(FeaturesVerify, NamesADamagedFileAndGoesOn) {
  const SweepWorld world;
  ASSERT_EQ(features(world, "build").code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(world / "runs/cache")) {
    if (entry.path().filename() == "one.h5") fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
  }
  const Finished verified = world.run({"features", "verify"});
  EXPECT_EQ(verified.code, 1);
  EXPECT_EQ(verified.out, "2 files: 1 good, 1 failed\n");
  EXPECT_NE(verified.err.find("one.h5: is a damaged or foreign feature file"), std::string::npos)
      << verified.err;
  const Finished listed = world.run({"features", "list"});
  EXPECT_EQ(listed.code, 0);
  EXPECT_NE(listed.out.find(std::to_string(kFeatures)), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("one.h5: is a damaged"), std::string::npos) << listed.out;
}

TEST(FeaturesPrune, DeletesWhatNoSweepCanUse) {
  const SweepWorld world;
  ASSERT_EQ(features(world, "build").code, 0);
  auto tensors = test::mini_huggingface_tensors(3);
  tensors.at("logit_scale").add_(1);
  write_safetensors(world / "other/model.safetensors", {tensors.begin(), tensors.end()});
  fs::copy(world / "model/config.json", world / "other");
  fs::copy(world / "model/merges.txt", world / "other");
  ASSERT_EQ(features(world, "build", {"--model", "other", "--datasets", "one"}).code, 2) << "--model twice";
  ASSERT_EQ(world
                .run({"features", "build", "--suite", "small", "--model", "other", "--data", "data",
                      "--datasets", "one"})
                .code,
            0);
  write_file(world / "runs/cache/0123456789abcdef/damaged.h5", "no features");
  write_file(world / "runs/cache/somebody/elses.h5", "the cache did not make it");
  const auto count_files = [&] {
    return std::ranges::count_if(fs::recursive_directory_iterator(world / "runs/cache"),
                                 [](const auto& entry) { return entry.path().extension() == ".h5"; });
  };

  const Finished shown = world.run({"features", "prune", "--model", "model", "--dry-run"});
  EXPECT_NE(shown.out.find("2 files, "), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("would be deleted"), std::string::npos);
  EXPECT_EQ(count_files(), 5);

  const Finished cautious = world.run({"features", "prune"});
  EXPECT_NE(cautious.out.find("damaged.h5: is no HDF5 file"), std::string::npos) << cautious.out;
  EXPECT_EQ(count_files(), 4) << "another model's features are kept unless a model is named";

  EXPECT_EQ(world.run({"features", "prune", "--model", "model"}).code, 0);
  EXPECT_EQ(count_files(), 3);
  EXPECT_TRUE(fs::exists(world / "runs/cache/somebody/elses.h5"));
  EXPECT_NE(features(world, "build").out.find("one: 0 features extracted"), std::string::npos);
}

TEST(Features, HelpsWithEveryWord) {
  const SweepWorld world;
  for (const std::string word : {"build", "list", "verify", "prune", "seal"}) {
    const Finished help = world.run({"features", word, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(help.out.starts_with("usage: runner features " + word)) << help.out;
  }
  const Finished none = world.run({"features"});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("needs a subcommand: build, list, verify, prune, seal"), std::string::npos)
      << none.err;
}

}  // namespace
}  // namespace promptbed
