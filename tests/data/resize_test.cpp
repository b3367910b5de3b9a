#include "data/pictures/resize.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

/// An image whose values all differ from their neighbours'.
Picture speckled(int width, int height) {
  Picture picture{width, height, {}};
  for (int i = 0; i < width * height * 3; ++i) picture.rgb.push_back(static_cast<uint8_t>(i * 37 % 251));
  return picture;
}

Picture cut(const Picture& picture, Box box) {
  Picture part{box.width, box.height, {}};
  for (int y = box.top; y < box.top + box.height; ++y)
    part.rgb.insert(part.rgb.end(), picture.row(y) + 3 * box.left,
                    picture.row(y) + 3 * (box.left + box.width));
  return part;
}

TEST(Resize, ToTheSameSizeChangesNothing) {
  const Picture picture = speckled(13, 7);
  EXPECT_EQ(resize(picture, {0, 0, 13, 7}, {13, 7}).rgb, picture.rgb);
}

TEST(Resize, BilinearValuesAreThoseOfPillow) {
  const Picture picture = speckled(5, 4);
  // Of Pillow 10.4; 13.0 rounds one value in twenty the other way.
  const std::vector<uint8_t> smaller = {86,  107, 144, 124, 94,  123, 162, 138, 98,
                                        123, 114, 151, 124, 113, 126, 144, 114, 105};
  const std::vector<uint8_t> wider = {16,  53,  90,  79,  116, 153, 137, 124, 161, 163, 24,  61,  116,
                                      103, 140, 146, 151, 112, 209, 171, 32,  80,  117, 154, 143, 108,
                                      145, 151, 98,  135, 51,  88,  125, 130, 167, 114, 156, 139, 104,
                                      147, 59,  96,  143, 180, 217, 106, 100, 137, 89,  72,  109, 114,
                                      151, 188, 193, 105, 88,  165, 102, 96,  85,  122, 159};
  EXPECT_EQ(resize(picture, {0, 0, 5, 4}, {3, 2}, Resampling::bilinear).rgb, smaller);
  EXPECT_EQ(resize(picture, {0, 0, 5, 4}, {7, 3}, Resampling::bilinear).rgb, wider);
}

TEST(Resize, ABoxIsResizedAsIfCutOutFirst) {
  const Picture picture = speckled(40, 30);
  const Box box = {5, 3, 21, 17};
  EXPECT_EQ(resize(picture, box, {9, 31}).rgb, resize(cut(picture, box), {0, 0, 21, 17}, {9, 31}).rgb);
}

TEST(Resize, AWindowIsPartOfTheWhole) {
  const Picture picture = speckled(40, 30);
  const Box all = {0, 0, 40, 30};
  const Box window = {4, 2, 7, 5};
  EXPECT_EQ(resize(picture, all, {20, 11}, window).rgb, cut(resize(picture, all, {20, 11}), window).rgb);
}

TEST(Resize, AFlatImageStaysFlat) {
  const Picture grey{31, 17, std::vector<uint8_t>(31 * 17 * 3, 200)};
  for (const Size size : {Size{5, 3}, Size{62, 40}}) {
    for (const uint8_t value : resize(grey, {0, 0, 31, 17}, size).rgb) ASSERT_EQ(value, 200);
  }
}

TEST(Resize, OvershootIsClipped) {
  Picture edge{8, 1, std::vector<uint8_t>(8 * 3, 0)};
  std::fill(edge.rgb.begin() + 12, edge.rgb.end(), 255);
  const Picture wide = resize(edge, {0, 0, 8, 1}, {32, 1});
  for (int x = 0; x < 12; ++x) EXPECT_EQ(wide.rgb[static_cast<size_t>(x) * 3], 0) << x;
  for (int x = 20; x < 32; ++x) EXPECT_EQ(wide.rgb[static_cast<size_t>(x) * 3], 255) << x;
}

}  // namespace
}  // namespace promptbed
