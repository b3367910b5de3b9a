#include "training/epoch_order.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace promptbed {
namespace {

constexpr int64_t kImages = 50, kViews = 4;

/// The view of each image in an epoch, by image.
Tensor views_by_image(const EpochRows& rows) {
  return at::empty_like(rows.views).index_copy_(0, rows.images, rows.views);
}

TEST(ShuffledOrder, VisitsEveryImageOnceAnEpoch) {
  ShuffledOrder order(kImages, kViews, 1);
  const Tensor first = order.rows(0).images, second = order.rows(1).images;
  EXPECT_TRUE(at::equal(std::get<0>(first.sort()), at::arange(kImages)));
  EXPECT_TRUE(at::equal(std::get<0>(second.sort()), at::arange(kImages)));
  EXPECT_FALSE(at::equal(first, second));
}

TEST(ShuffledOrder, ShowsEachViewOnceInAsManyEpochs) {
  ShuffledOrder order(kImages, kViews, 1);
  const Tensor first = views_by_image(order.rows(0));
  EXPECT_GT(first.max().item<int64_t>(), first.min().item<int64_t>()) << "an epoch mixes views";
  for (int64_t epoch = 1; epoch < 2 * kViews; ++epoch)
    EXPECT_TRUE(at::equal(views_by_image(order.rows(epoch)), (first + epoch).remainder(kViews))) << epoch;
}

TEST(ShuffledOrder, IsDecidedByTheSeedAlone) {
  ShuffledOrder order(kImages, kViews, 3), again(kImages, kViews, 3), other(kImages, kViews, 4);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    at::randn({epoch + 1});  // another user of random numbers changes nothing
    const EpochRows rows = order.rows(epoch), same = again.rows(epoch), different = other.rows(epoch);
    EXPECT_TRUE(at::equal(rows.images, same.images));
    EXPECT_TRUE(at::equal(rows.views, same.views));
    EXPECT_FALSE(at::equal(rows.images, different.images));
    EXPECT_FALSE(at::equal(views_by_image(rows), views_by_image(different)));
  }
}

TEST(ShuffledOrder, OrdersImagesAlikeHoweverManyViewsThereAre) {
  ShuffledOrder few(kImages, 1, 1), many(kImages, 10, 1);
  EXPECT_TRUE(at::equal(few.rows(0).images, many.rows(0).images));
}

TEST(GivenOrder, TakesTheRowsAsTheyStand) {
  GivenOrder order(3);
  EXPECT_TRUE(at::equal(order.rows(5).images, at::arange(3)));
  EXPECT_TRUE(at::equal(order.rows(5).views, at::zeros({3}, torch::kLong)));
}

TEST(SeededGenerator, SeparatesSeedsAndPurposes) {
  const auto draw = [](uint64_t seed, std::string_view purpose) {
    return at::randn({8}, seeded_generator(seed, purpose));
  };
  EXPECT_TRUE(at::equal(draw(1, "init"), draw(1, "init")));
  EXPECT_FALSE(at::equal(draw(1, "init"), draw(2, "init")));
  EXPECT_FALSE(at::equal(draw(1, "init"), draw(1, "order")));
}

}  // namespace
}  // namespace promptbed
