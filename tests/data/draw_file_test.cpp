#include "data/draws/draw_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "data/draws/draw_file.h"
#include "data/suites/suite.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

Split two_classes() {
  Split split;
  split.class_names = {"cat", "dog"};
  for (int i = 0; i < 5; ++i) {
    split.train.push_back({"cats/" + std::to_string(i) + ".jpg", 0, "cat"});
    split.train.push_back({"dogs/" + std::to_string(i) + ".jpg", 1, "dog"});
  }
  split.val = {{"cats/5.jpg", 0, "cat"}, {"dogs/5.jpg", 1, "dog"}};
  return split;
}

class DrawFile : public testing::Test {
 protected:
  FewShotDraw read(const std::string& text) const {
    write_file(scratch_ / "draw.json", text);
    return find_drawn_images(read_draw(scratch_ / "draw.json").draw, split_, scratch_ / "draw.json");
  }

  /// A draw file of these training images.
  static std::string text(const std::string& train) {
    return R"({"dataset": "pets", "shots": 1, "seed": 1, "train": [)" + train + R"(], "val": []})";
  }

  const Split split_ = two_classes();
  test::ScratchFolder scratch_;
};

TEST_F(DrawFile, ReadsBackWhatWasDrawn) {
  const FewShotDraw draw = draw_few_shot(split_, 2, 7);
  write_file(scratch_ / "draw.json", draw_text({"pets", 2, 7, draw}));
  const StoredDraw stored = read_draw(scratch_ / "draw.json");
  EXPECT_EQ(stored.dataset, "pets");
  EXPECT_EQ(stored.shots, 2);
  EXPECT_EQ(stored.seed, 7);
  EXPECT_EQ(find_drawn_images(stored.draw, split_, "draw.json"), draw);
}

TEST_F(DrawFile, MayComeThroughAPipe) {
  const FewShotDraw draw = draw_few_shot(split_, 2, 7);
  const std::string text = draw_text({"pets", 2, 7, draw});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const StoredDraw stored = read_draw("/dev/fd/" + std::to_string(ends[0]));
  EXPECT_EQ(find_drawn_images(stored.draw, split_, "draw.json"), draw);
  ::close(ends[0]);
}

TEST_F(DrawFile, SaysWhatWasChanged) {
  StoredDraw changed{"pets", 4, 1, draw_few_shot(split_, 4, 1)};
  changed.changes = {.noise = LabelNoise{NoiseKind::asymmetric, 0.25}, .imbalance = 2};
  changed.flips = change_draw(changed.draw, split_.class_names, 4, 1, changed.changes);
  ASSERT_EQ(changed.flips.size(), 2U);
  write_file(scratch_ / "draw.json", draw_text(changed));
  const auto json = read_json(scratch_ / "draw.json");
  EXPECT_EQ(json.at("label_noise"), "asymmetric:0.25");
  EXPECT_EQ(json.at("imbalance"), 2);
  EXPECT_EQ(json.at("flipped").size(), 2U);
  for (const auto& [path, label] : json.at("flipped").get<std::vector<std::pair<std::string, int64_t>>>())
    EXPECT_EQ(path.substr(0, 3), label == 0 ? "cat" : "dog") << "its own label";
  const StoredDraw stored = read_draw(scratch_ / "draw.json");
  EXPECT_EQ(stored.changes, changed.changes);
  EXPECT_EQ(stored.draw, changed.draw);
  EXPECT_ERROR(
      read(R"({"dataset": "pets", "shots": 1, "seed": 1, "label_noise": 0.4, "train": [], "val": []})"),
      "draw.json: label_noise 0.4: give symmetric or asymmetric");
  EXPECT_ERROR(
      read(R"({"dataset": "pets", "shots": 1, "seed": 1, "imbalance": "x", "train": [], "val": []})"),
      "draw.json: imbalance 0: give a number above 1");
}

TEST_F(DrawFile, ValidatesOnTrainingImagesWhereThereAreNoOthers) {
  Split split = split_;
  split.val.clear();
  const FewShotDraw draw = draw_few_shot(split, 3, 1, ValidationSource::training);
  EXPECT_EQ(find_drawn_images(draw, split, "draw.json"), draw);
  FewShotDraw twice = draw;
  twice.val.front() = twice.train.front();
  EXPECT_ERROR(find_drawn_images(twice, split, "draw.json"), "twice");
  EXPECT_ERROR(find_drawn_images(draw, split_, "draw.json"), "is not a validation image");
}

TEST_F(DrawFile, ImagesAreIdentifiedByTheirPaths) {
  const FewShotDraw draw = read(text(R"(["dogs/3.jpg", 0, "hound"], ["cats/1.jpg", 0, "cat"])"));
  EXPECT_EQ(draw.train, (std::vector<Image>{{"dogs/3.jpg", 1, "dog"}, {"cats/1.jpg", 0, "cat"}}));
}

TEST_F(DrawFile, RefusesWhatDoesNotFitTheSplit) {
  EXPECT_ERROR(read(text(R"(["owls/1.jpg", 0, "owl"])")),
               "'owls/1.jpg' is not a training image of the dataset's split");
  EXPECT_ERROR(read(text(R"(["cats/5.jpg", 0, "cat"])")), "'cats/5.jpg' is not a training image");
  EXPECT_ERROR(read(text(R"(["cats/1.jpg", 0, "cat"], ["cats/1.jpg", 0, "cat"])")), "has 'cats/1.jpg' twice");
  EXPECT_ERROR(read(text(R"(["cats/1.jpg", 0, "cat"])")), "has no training image of class 'dog' (label 1)");
  EXPECT_ERROR(read("[]"),
               "draw.json: is not a draw; `runner datasets draw` and `import-draw` write such files");
  EXPECT_ERROR(read(R"({"dataset": "pets", "shots": 1, "seed": 1})"), "draw.json: has no list 'train'");
  EXPECT_ERROR(read("{\n\n!"), "draw.json, line 3: is not JSON");
}

TEST_F(DrawFile, AReferenceDrawIsFoundByTheEndsOfItsPaths) {
  ReferenceDraw draw;
  draw.train = {"/home/me/data/pets/images/dogs/2.jpg", "C:/pets/cats/0.jpg"};
  draw.val = {"/home/me/data/pets/images/cats/5.jpg"};
  const FewShotDraw found = find_reference_images(draw, split_, "draw.pkl");
  EXPECT_EQ(found.train, (std::vector<Image>{{"dogs/2.jpg", 1, "dog"}, {"cats/0.jpg", 0, "cat"}}));
  EXPECT_EQ(found.val, (std::vector<Image>{{"cats/5.jpg", 0, "cat"}}));
  draw.train.push_back("/home/me/data/pets/images/wildcats/0.jpg");
  EXPECT_ERROR(find_reference_images(draw, split_, "draw.pkl"),
               "draw.pkl: '/home/me/data/pets/images/wildcats/0.jpg' is not a training image");
}

TEST_F(DrawFile, RefusesWhatIsNotAReferenceDraw) {
  write_file(scratch_ / "shot_1-seed_1.pkl", "not a pickle");
  EXPECT_ERROR(read_reference_draw(scratch_ / "shot_1-seed_1.pkl"), "shot_1-seed_1.pkl: is damaged");
  write_file(scratch_ / "empty.pkl", std::string("\x80\x04}.", 4));  // an empty dict
  EXPECT_ERROR(read_reference_draw(scratch_ / "empty.pkl"),
               "empty.pkl: holds no draw; give a file from the reference's split_fewshot folder");
}

TEST(GoldenReferenceDraws, AreTheDrawsOfTheSameSeed) {
  const fs::path layouts = test::golden_folder() / "layouts";
  if (!fs::exists(layouts / "split_fewshot")) GTEST_SKIP() << layouts << " holds no cached draws";
  const Suite suite = read_suite(fs::path(PROMPTBED_SOURCE_DIR) / "datasets", "paper");
  int files = 0;
  for (const DatasetSpec& spec : suite.datasets) {
    const fs::path cached = layouts / "split_fewshot" / spec.id;
    if (!fs::exists(cached)) continue;
    const test::ScratchFolder scratch;
    fs::create_directories(scratch / spec.folder);
    for (const fs::directory_entry& entry : fs::directory_iterator(layouts / "data" / spec.folder))
      fs::create_symlink(entry.path(), scratch / spec.folder / entry.path().filename());
    const Split split = read_split(spec, scratch.path());
    for (const fs::directory_entry& entry : fs::directory_iterator(cached)) {
      const ReferenceDraw draw = read_reference_draw(entry.path());
      ASSERT_TRUE(draw.shots && draw.seed) << entry.path();
      EXPECT_EQ(find_reference_images(draw, split, entry.path()),
                draw_few_shot(split, *draw.shots, *draw.seed))
          << entry.path();
      ++files;
    }
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace promptbed
