#include "features/pixels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/pictures/content_index.h"
#include "features/extraction.h"
#include "support/expect_error.h"
#include "support/scratch.h"
#include "support/sweep_world.h"

namespace promptbed {
namespace {

class Pixels : public ::testing::Test {
 protected:
  Pixels() {
    for (int i = 0; i < 5; ++i) {
      const std::string name = fmt::format("{}.bmp", i);
      write_file(scratch_ / name, test::bmp_picture(static_cast<uint8_t>(40 * i), 90, 10));
    }
  }

  PicturePixels source(uint64_t seed, bool fresh_crops = true) const {
    std::vector<PicturePixels::Named> images;
    for (int i = 0; i < 5; ++i) {
      const std::string name = fmt::format("{}.bmp", i);
      images.push_back({name, hash_of_contents(read_file(scratch_ / name))});
    }
    return {ImageFiles(scratch_.path()),
            "pets",
            std::move(images),
            seed,
            {.preprocessing = preprocessing_, .crops = {0.3, 1}, .fresh_crops = fresh_crops}};
  }

  test::ScratchFolder scratch_;
  Preprocessing preprocessing_{.size = 8};
};

TEST_F(Pixels, AreNormalisedByChannel) {
  const Picture picture = decode_picture(scratch_ / "2.bmp");
  const Tensor centre = source(1).read(2, kCentreView);
  const Picture view = render_view(picture, 8, kCentreView, 0);
  ASSERT_EQ(centre.sizes(), at::IntArrayRef({3, 8, 8}));
  for (int64_t channel = 0; channel < 3; ++channel) {
    const float byte = view.row(5)[3 * 6 + channel];
    const size_t place = static_cast<size_t>(channel);
    EXPECT_EQ(centre[channel][5][6].item<float>(),
              (byte / 255 - preprocessing_.mean[place]) / preprocessing_.std[place]);
  }
}

TEST_F(Pixels, ShowACropOfSeedEpochAndImage) {
  const PicturePixels first = source(1), again = source(1), other = source(2);
  EXPECT_TRUE(at::equal(first.read(3, 7), again.read(3, 7)));
  EXPECT_FALSE(at::equal(first.read(3, 7), first.read(3, 8))) << "another epoch";
  EXPECT_FALSE(at::equal(first.read(3, 7), other.read(3, 7))) << "another seed";
  EXPECT_TRUE(at::equal(first.read(3, kCentreView), other.read(3, kCentreView)));
  EXPECT_TRUE(at::equal(source(1, /*fresh_crops=*/false).read(3, 7), first.read(3, kCentreView)));
}

TEST_F(Pixels, ComeInTheOrderOfTheRows) {
  const PicturePixels pixels = source(1);
  const std::vector<int64_t> rows = {4, 0, 3, 3, 1};
  PixelStream stream(pixels, torch::tensor(rows), 2);
  const Tensor batches[] = {stream.next(2), stream.next(3)};
  EXPECT_EQ(batches[1].sizes(), at::IntArrayRef({3, 3, 8, 8}));
  const Tensor all = at::cat({batches[0], batches[1]});
  for (size_t i = 0; i < rows.size(); ++i)
    EXPECT_TRUE(at::equal(all[static_cast<int64_t>(i)], pixels.read(rows[i], 2))) << i;
}

TEST_F(Pixels, NameTheImageThatCannotBeRead) {
  write_file(scratch_ / "3.bmp", "no picture");
  const PicturePixels pixels = source(1);
  PixelStream stream(pixels, at::arange(5, torch::kLong), 0);
  stream.next(3);
  EXPECT_THROW(
      {
        try {
          stream.next(1);
        } catch (const PictureError& fault) {
          EXPECT_NE(std::string(fault.what()).find("3.bmp"), std::string::npos) << fault.what();
          throw;
        }
      },
      PictureError);
}

TEST_F(Pixels, AreOfTheImagesThatWereLookedAt) {
  const PicturePixels pixels = source(1);
  pixels.read(3, 0);
  write_file(scratch_ / "3.bmp", test::bmp_picture(1, 2, 3));
  EXPECT_ERROR(pixels.read(3, 1), "3.bmp: has changed since it was looked at; sweep again");
}

TEST_F(Pixels, ThatAreStoredComeRoundAgain) {
  const Tensor stored = at::randn({2, 4, 3, 8, 8});
  const StoredPixels pixels(stored);
  EXPECT_TRUE(at::equal(pixels.read(3, 5), stored[1][3]));
  EXPECT_TRUE(at::equal(pixels.read(3, kCentreView), stored[0][3]));
}

}  // namespace
}  // namespace promptbed
