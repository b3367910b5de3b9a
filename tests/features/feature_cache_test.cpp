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
  table.rows = {{"a.png", 0, {}}, {"b.png", 1, {}}, {"b.png", 0, {}}, {"a.png", 1, {}}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  const Tensor features = cache.read(Images{"b.png", "a.png"}, Views{0, 1});
  EXPECT_TRUE(features.equal(table.features.index_select(0, torch::tensor({2, 1, 0, 3})).view({2, 2, 8})));
}

TEST(FeatureCache, MissingNamesEachPictureOnceWithTheViewsItLacks) {
  test::ScratchFolder scratch;
  FeatureTable table = small_table(2);
  table.rows = {{"a.png", 0, {}}, {"b.png", kCentreView, {}}};
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

TEST(FeatureCache, AChangedPictureIsStaleAndAnAbsentOneIsNot) {
  test::ScratchFolder scratch;
  write_file(scratch / "same.png", "1234");
  write_file(scratch / "changed.png", "1234");
  FeatureTable table = small_table(3);
  table.rows = {{"same.png", 0, *stamp_of(scratch / "same.png")},
                {"changed.png", 0, *stamp_of(scratch / "changed.png")},
                {"absent.png", 0, {9, 9}}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table);
  write_file(scratch / "changed.png", "12345");

  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  const std::vector<FeatureRequest> request{{{"same.png", "changed.png", "absent.png"}, {0}}};
  const auto missing = cache.missing(request, scratch.path());
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].image, "changed.png");
  EXPECT_TRUE(cache.missing(request, {}).empty());
}

TEST(FeatureCache, RefusesAFileOfAnotherKey) {
  test::ScratchFolder scratch;
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), small_table(1));
  EXPECT_ERROR(FeatureCache(scratch / "pets.h5", small_key()), "stored type \"f32\", not \"f16\"; delete it");
}

TEST(CachePath, IsByModelAndDataset) {
  EXPECT_EQ(cache_path("cache", small_key()), "cache/0123456789abcdef/pets.h5");
}

TEST(FeatureCache, ASealedRowCountsWhateverThePictureIs) {
  test::ScratchFolder scratch;
  write_file(scratch / "a.png", "1234");
  FeatureTable table = small_table(1);
  table.rows = {{"a.png", 0, {}}};
  write_feature_file(scratch / "pets.h5", small_key(StoredType::f32), table, FileKind::sealed);
  const FeatureCache cache(scratch / "pets.h5", small_key(StoredType::f32));
  EXPECT_TRUE(cache.sealed());
  EXPECT_TRUE(cache.missing(std::vector<FeatureRequest>{{{"a.png"}, {0}}}, scratch.path()).empty());
  const auto missing =
      cache.missing(std::vector<FeatureRequest>{{{"a.png", "b.png"}, {0, 1}}}, scratch.path());
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].views, Views{1});
}

}  // namespace
}  // namespace promptbed
