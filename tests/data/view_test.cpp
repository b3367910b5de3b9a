#include "data/pictures/view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "data/pictures/resize.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// Red encodes the column, green the row.
Picture ramp(int width, int height) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.rgb.push_back(static_cast<uint8_t>(255 * x / width));
      picture.rgb.push_back(static_cast<uint8_t>(255 * y / height));
      picture.rgb.push_back(0);
    }
  }
  return picture;
}

TEST(CentreView, CutsTheMiddleOfTheLongSide) {
  const Picture picture = ramp(40, 20);
  const Picture centre = render_view(picture, 20, kCentreView, 0);
  ASSERT_EQ(centre.width, 20);
  ASSERT_EQ(centre.height, 20);
  EXPECT_EQ(centre.row(0)[0], picture.row(0)[10 * 3]);
  EXPECT_EQ(centre.row(19)[19 * 3], picture.row(19)[29 * 3]);
}

TEST(CentreView, ALongThinPictureIsCutInItsMiddle) {
  // Resized, its long side would have 268 million pixels; only the middle of them is made.
  const int size = static_cast<int>(kLargestView);
  const Picture view = render_view(ramp(1, static_cast<int>(kLongestSide)), size, kCentreView, 0);
  EXPECT_NEAR(view.row(size / 2)[1], 127, 1);
}

TEST(CentreView, OtherSizesAreMistakes) {
  EXPECT_THROW(render_view(ramp(4, 4), 0, kCentreView, 0), std::invalid_argument);
  EXPECT_THROW(render_view(ramp(4, 4), static_cast<int>(kLargestView) + 1, kCentreView, 0),
               std::invalid_argument);
  EXPECT_THROW(render_view(ramp(1, 100'000), 224, kCentreView, 0), std::invalid_argument);
}

TEST(CentreView, HalfAPixelIsRoundedToTheEvenNeighbour) {
  // Margins of 1/2 and of 3/2 become 0 and 2, as Python rounds.
  for (const auto& [width, left] : {std::pair{21, 0}, std::pair{23, 2}}) {
    const Picture picture = ramp(width, 20);
    EXPECT_EQ(render_view(picture, 20, kCentreView, 0).row(0)[0], picture.row(0)[left * 3]) << width;
  }
}

TEST(CentreView, OfASquashedStyleIsTheWholeImage) {
  const Picture picture = ramp(40, 20);
  const Picture squashed = render_view(picture, 10, kCentreView, 0, {.squashed = true});
  EXPECT_EQ(squashed.rgb, resize(picture, {0, 0, 40, 20}, {10, 10}).rgb);
  EXPECT_LT(squashed.row(0)[0], 20) << "the left edge is there";
}

TEST(View, OfAnotherResamplingDiffers) {
  const Picture picture = ramp(40, 20);
  for (const int view : {kCentreView, 0}) {
    EXPECT_NE(render_view(picture, 10, view, 1).rgb,
              render_view(picture, 10, view, 1, {.resampling = Resampling::bilinear}).rgb);
  }
}

TEST(CentreView, IgnoresTheKey) {
  const Picture picture = ramp(30, 20);
  EXPECT_EQ(render_view(picture, 8, kCentreView, 1).rgb, render_view(picture, 8, kCentreView, 2).rgb);
}

TEST(View, DependsOnKeyAndNumberAlone) {
  const Picture picture = ramp(64, 48);
  const uint64_t key = view_key("pets", "cat/1.jpg");
  const Picture third = render_view(picture, 16, 3, key);
  render_view(picture, 16, 4, key);
  EXPECT_EQ(render_view(picture, 16, 3, key).rgb, third.rgb);
  EXPECT_NE(render_view(picture, 16, 4, key).rgb, third.rgb);
  EXPECT_NE(render_view(picture, 16, 3, view_key("pets", "cat/2.jpg")).rgb, third.rgb);
  EXPECT_NE(view_key("pets", "cat"), view_key("petsc", "at"));
}

TEST(View, IsOfTheRecordedRecipe) {
  // A change of these numbers changes every user's cached features: raise kViewRecipeVersion with it.
  ASSERT_EQ(kViewRecipeVersion, 1);
  const Picture view = render_view(ramp(64, 48), 4, 0, view_key("pets", "cat/1.jpg"));
  EXPECT_EQ(std::vector<uint8_t>(view.row(0), view.row(1)),
            (std::vector<uint8_t>{236, 14, 0, 218, 14, 0, 200, 14, 0, 182, 14, 0}));
}

class Crops : public testing::TestWithParam<CropRange> {};

INSTANTIATE_TEST_SUITE_P(View, Crops, testing::Values(CropRange(), CropRange{0.6, 1}, CropRange{0.2, 0.4}));

TEST_P(Crops, CoverTheStatedAreasAndHalfAreFlipped) {
  const CropRange crops = GetParam();
  constexpr int kViews = 2000;
  const Picture picture = ramp(200, 200);
  int flipped = 0;
  double least = 1.0;
  double most = 0.0;
  for (int view = 0; view < kViews; ++view) {
    const Picture crop = render_view(picture, 8, view, 7, {}, crops);
    const int left = crop.row(4)[0];
    const int right = crop.row(4)[7 * 3];
    flipped += left > right ? 1 : 0;
    // Between the centres of the first and the last of eight pixels lie 7/8 of a side.
    const double width = std::abs(right - left) / 255.0 * 8 / 7;
    const double height = (crop.row(7)[1] - crop.row(0)[1]) / 255.0 * 8 / 7;
    least = std::min(least, width * height);
    most = std::max(most, width * height);
  }
  EXPECT_NEAR(flipped, kViews / 2, 100);
  EXPECT_NEAR(least, crops.least, 0.03);
  EXPECT_NEAR(most, crops.most, 0.05);
}

TEST(CropRange, IsReadAndWrittenAsTwoShares) {
  EXPECT_EQ(to_string(CropRange()), "0.08-1");
  EXPECT_EQ(percent_text(CropRange()), "8 to 100 %");
  EXPECT_EQ(parse_crops("0.7-1", "--crops"), (CropRange{0.7, 1}));
  EXPECT_EQ(parse_crops("0.25-0.25", "--crops"), (CropRange{0.25, 0.25}));
  for (const char* wrong :
       {"", "0.7", "0.7-", "-1", "0-1", "1e-9-1", "0.5-1.5", "0.9-0.8", "nan-1", "0.5-1x", "a-b"})
    EXPECT_ERROR(parse_crops(wrong, "--crops"), "give shares of an image's area from 0.001 to 1");
}

TEST(View, AVeryLongImageIsCutInTheMiddle) {
  // No crop of the allowed proportions fits in ten tries; the middle 4:3 part of a 1:100 strip remains.
  const Picture strip = ramp(400, 3);
  const Picture middle = resize(strip, {198, 0, 4, 3}, {4, 4});
  int seen = 0;
  for (int view = 0; view < 50; ++view) seen += render_view(strip, 4, view, 1).rgb == middle.rgb ? 1 : 0;
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace promptbed
