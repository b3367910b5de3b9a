#include "data/draws/few_shot.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(FewShotDraw, DependsOnTheSeedAlone) {
  Split split;
  split.train = images_of({0, 1}, 30);
  EXPECT_EQ(draw_few_shot(split, 4, 2).train, draw_few_shot(split, 4, 2).train);
  EXPECT_NE(draw_few_shot(split, 4, 2).train, draw_few_shot(split, 4, 3).train);
}

}  // namespace
}  // namespace promptbed
