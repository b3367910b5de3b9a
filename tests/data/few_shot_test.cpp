#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "data/draws/few_shot.h"
#include "data/draws/python_random.h"
#include "support/golden.h"

namespace promptbed {
namespace {

/// `count` images of each of the given classes, classes in the order given.
std::vector<Image> images_of(const std::vector<int64_t>& labels, int count) {
  std::vector<Image> images;
  for (const int64_t label : labels) {
    for (int i = 0; i < count; ++i)
      images.push_back({std::to_string(label) + "/" + std::to_string(i), label, std::to_string(label)});
  }
  return images;
}

TEST(FewShotDraw, TakesClassesInOrderOfFirstAppearance) {
  Split split;
  split.train = images_of({2, 0, 1}, 5);
  const FewShotDraw draw = draw_few_shot(split, 2, 1);
  std::vector<int64_t> labels;
  for (const Image& image : draw.train) labels.push_back(image.label);
  EXPECT_EQ(labels, (std::vector<int64_t>{2, 2, 0, 0, 1, 1}));
}

TEST(FewShotDraw, AClassWithFewerImagesGivesAllInOrder) {
  Split split;
  split.train = images_of({0}, 3);
  EXPECT_EQ(draw_few_shot(split, 16, 1).train, split.train);
}

TEST(FewShotDraw, TakesAtMostFourValidationImagesOfAClass) {
  Split split;
  split.val = images_of({0, 1}, 30);
  EXPECT_EQ(draw_few_shot(split, 2, 1).val.size(), 4U);
  EXPECT_EQ(draw_few_shot(split, 16, 1).val.size(), 8U);
}

TEST(FewShotDraw, MayValidateOnTrainingImagesThatWereNotDrawn) {
  Split split;
  split.train = images_of({0, 1}, 6);
  split.test = images_of({0, 1}, 9);
  EXPECT_TRUE(draw_few_shot(split, 4, 1).val.empty());
  const FewShotDraw draw = draw_few_shot(split, 4, 1, ValidationSource::training);
  EXPECT_EQ(draw.train, draw_few_shot(split, 4, 1).train);
  EXPECT_EQ(draw.val.size(), 4U) << "two of each class are left";
  for (const Image& image : draw.val) {
    EXPECT_EQ(std::ranges::count(split.train, image), 1);
    EXPECT_EQ(std::ranges::count(draw.train, image), 0);
  }
  EXPECT_EQ(draw_few_shot(split, 1, 1, ValidationSource::training).val.size(), 2U);
}

TEST(FewShotDraw, DependsOnTheSeedAlone) {
  Split split;
  split.train = images_of({0, 1}, 30);
  EXPECT_EQ(draw_few_shot(split, 4, 2).train, draw_few_shot(split, 4, 2).train);
  EXPECT_NE(draw_few_shot(split, 4, 2).train, draw_few_shot(split, 4, 3).train);
}

std::vector<Image> images_of(const nlohmann::json& list) {
  std::vector<Image> images;
  for (const nlohmann::json& entry : list)
    images.push_back({entry[0].get<std::string>(), entry[1].get<int64_t>(), entry[2].get<std::string>()});
  return images;
}

std::vector<std::string> paths_of(const std::vector<Image>& images) {
  std::vector<std::string> paths;
  for (const Image& image : images) paths.push_back(image.path);
  return paths;
}

TEST(GoldenFewShot, EveryDrawIsTheReferences) {
  const nlohmann::json lists = read_json(test::golden_folder() / "fewshot/draws.json");
  ASSERT_FALSE(lists.empty());
  for (const auto& [name, list] : lists.items()) {
    Split split;
    split.train = images_of(list["train"]);
    split.val = images_of(list["val"]);
    ASSERT_FALSE(list["draws"].empty()) << name;
    for (const nlohmann::json& expected : list["draws"]) {
      const FewShotDraw draw =
          draw_few_shot(split, expected["shots"].get<int64_t>(), expected["seed"].get<int64_t>());
      SCOPED_TRACE(name + ", shots " + expected["shots"].dump() + ", seed " + expected["seed"].dump());
      EXPECT_EQ(paths_of(draw.train), expected["train"].get<std::vector<std::string>>());
      EXPECT_EQ(paths_of(draw.val), expected["val"].get<std::vector<std::string>>());
    }
  }
}

// The numbers on the right are what Python 3.11 prints.

TEST(PythonRandom, SeedsAsPython) {
  EXPECT_EQ(PythonRandom(1).bits(32), 577090037U);
  EXPECT_EQ(PythonRandom(-7).bits(32), 1390851128U);
  EXPECT_EQ(PythonRandom((int64_t{1} << 40) + 5).bits(32), 2166296868U);
}

TEST(PythonRandom, SamplesFromAPoolAsPython) {
  EXPECT_EQ(PythonRandom(1).sample(10, 3), (std::vector<size_t>{2, 1, 4}));
}

TEST(PythonRandom, SamplesWithASetOfThePicksAsPython) {
  PythonRandom random(1);
  random.sample(10, 3);
  EXPECT_EQ(random.sample(1000, 6), (std::vector<size_t>{120, 507, 779, 460, 483, 667}));
  EXPECT_EQ(random.bits(32), 1630434966U);
}

TEST(PythonRandom, ShufflesAsPython) {
  EXPECT_EQ(PythonRandom(1).shuffled(8), (std::vector<size_t>{3, 6, 1, 5, 7, 0, 4, 2}));
  EXPECT_TRUE(PythonRandom(1).shuffled(0).empty());
}

TEST(PythonRandom, AWholeSampleIsAPermutation) {
  std::vector<size_t> all = PythonRandom(3).sample(700, 700);
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
}

}  // namespace
}  // namespace promptbed
