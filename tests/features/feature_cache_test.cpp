#include "features/feature_cache.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::small_key;
using test::small_table;

using Images = std::vector<std::string>;
using Views = std::vector<int>;

TEST(FeatureCache, IsEmptyWhereThereIsNoFile) {
  test::ScratchFolder scratch;
  const FeatureCache cache(scratch / "pets.h5", small_key());
  const auto missing = cache.missing(std::vector<FeatureRequest>{{{"a.png", "b.png"}, {0, 1}}}, {});
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[1].image, "b.png");
  EXPECT_EQ(missing[1].views, (Views{0, 1}));
  EXPECT_EQ(cache.read(Images{}, Views{0, 1}).sizes(), (std::vector<int64_t>{0, 2, 8}));
  EXPECT_ERROR(cache.read(Images{"a.png"}, Views{0}),
               "pets.h5: has no feature of a.png (view 0); run `runner sweep` to extract it");
}

TEST(FeatureCache, ReadsInTheOrderAskedFor) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(4);
  table.rows = {{"a.png", 0}, {"b.png", 1}, {"b.png", 0}, {"a.png", 1}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  const Tensor features = cache.read(Images{"b.png", "a.png"}, Views{0, 1});
  EXPECT_TRUE(features.equal(table.features.index_select(0, torch::tensor({2, 1, 0, 3})).view({2, 2, 8})));
}

TEST(FeatureCache, MissingNamesEachPictureOnceWithTheViewsItLacks) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(2);
  table.rows = {{"a.png", 0}, {"b.png", kCentreView}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  const std::vector<FeatureRequest> requests{{{"a.png", "b.png"}, {0, 1}},
                                             {{"b.png", "a.png"}, {kCentreView}}};
  const auto missing = cache.missing(requests, {});
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].image, "a.png");
  EXPECT_EQ(missing[0].views, (Views{1, kCentreView}));
  EXPECT_EQ(missing[1].image, "b.png");
  EXPECT_EQ(missing[1].views, (Views{0, 1}));
}

/// A cache of images, a view each, taken from files that held these words.
FeatureCache cache_of(const test::ScratchFolder& scratch,
                      const std::vector<std::pair<std::string, std::string>>& images) {
  FeatureTable table = small_table(static_cast<int64_t>(images.size()));
  for (size_t i = 0; i < images.size(); ++i)
    table.rows[i] = {images[i].first, 0, hash_of_contents(images[i].second)};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  return {scratch / "pets.h5", small_key(StoredType::f32)};
}

TEST(FeatureCache, AChangedImageIsStaleAndAnAbsentOneIsNot) {
  test::ScratchFolder scratch;
  const FeatureCache cache =
      cache_of(scratch, {{"same.png", "1234"}, {"changed.png", "1234"}, {"absent.png", "9"}});
  write_file(scratch / "same.png", "1234");
  write_file(scratch / "changed.png", "5678");
  const std::vector<FeatureRequest> request{{{"same.png", "changed.png", "absent.png"}, {0}}};
  ContentIndex contents(ImageFiles(scratch.path()));
  const auto missing = cache.missing(request, &contents);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].image, "changed.png");
  EXPECT_TRUE(cache.missing(request, nullptr).empty());
}

TEST(FeatureCache, HashesImagesByTheirContents) {
  test::ScratchFolder scratch;
  const FeatureCache cache = cache_of(scratch, {{"a.png", "1234"}, {"b.png", "5678"}});
  const std::vector<FeatureRequest> request{{{"a.png", "b.png"}, {0}}};
  const std::string taken = cache.hash_of_images(request, nullptr);
  EXPECT_EQ(taken.size(), 32U);
  {
    ContentIndex absent(ImageFiles(scratch.path()));
    EXPECT_EQ(cache.hash_of_images(request, &absent), taken) << "images may be taken away";
  }
  write_file(scratch / "a.png", "1234");
  write_file(scratch / "b.png", "5678");
  {
    ContentIndex same(ImageFiles(scratch.path()));
    EXPECT_EQ(cache.hash_of_images(request, &same), taken);
  }
  write_file(scratch / "b.png", "5679");
  ContentIndex changed(ImageFiles(scratch.path()));
  EXPECT_NE(cache.hash_of_images(request, &changed), taken);
  EXPECT_NE(cache.hash_of_images(std::vector<FeatureRequest>{{{"b.png", "a.png"}, {0}}}, nullptr), taken);
  EXPECT_ERROR(cache.hash_of_images(std::vector<FeatureRequest>{{{"c.png"}, {0}}}, nullptr),
               "has no feature of c.png");
}

TEST(FeatureCache, ViewsOfDifferentContentsAreNoImage) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(2);
  table.rows = {{"a.png", 0, 5}, {"a.png", 1, 6}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  EXPECT_ERROR(cache.hash_of_images(std::vector<FeatureRequest>{{{"a.png"}, {0, 1}}}, nullptr),
               "has features of different contents of a.png");
}

TEST(FeatureCache, RefusesAFileOfAnotherKey) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(1));
  EXPECT_ERROR(FeatureCache(scratch / "pets.h5", small_key()), "stored type \"f32\", not \"f16\"; delete it");
}

TEST(CachePath, IsByModelAndDataset) {
  EXPECT_EQ(cache_path("cache", small_key()), "cache/0123456789abcdef/pets.h5");
}

TEST(FeatureCache, ASealedRowCountsWhateverTheImageIs) {
  test::ScratchFolder scratch;
  write_file(scratch / "a.png", "1234");
  FeatureTable table = small_table(1);
  table.rows = {{"a.png", 0}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table, FileKind::sealed);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  EXPECT_TRUE(cache.sealed());
  ContentIndex contents(ImageFiles(scratch.path()));
  EXPECT_TRUE(cache.missing(std::vector<FeatureRequest>{{{"a.png"}, {0}}}, &contents).empty());
  EXPECT_EQ(cache.hash_of_images(std::vector<FeatureRequest>{{{"a.png"}, {0}}}, &contents), "")
      << "the seal vouches for it";
  const auto missing = cache.missing(std::vector<FeatureRequest>{{{"a.png", "b.png"}, {0, 1}}}, &contents);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].views, Views{1});
}

}  // namespace
}  // namespace promptbed
