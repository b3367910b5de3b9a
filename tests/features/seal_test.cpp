#include "features/cache_folder.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "features/small_table.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

using test::small_key;
using test::small_table;

class SealTest : public testing::Test {
 protected:
  SealTest() { all_.features = all_.features.to(torch::kFloat16); }

  /// A cache of the images "0.png" to "7.png" that are named, written in that order.
  FeatureCache cache(const std::string& name, const std::vector<int64_t>& images) const {
    FeatureTable chosen;
    for (const int64_t i : images) chosen.rows.push_back(all_.rows[i]);
    chosen.features = all_.features.index_select(0, torch::tensor(images));
    write_feature_file(scratch_ / name, small_key(), chosen);
    return {scratch_ / name, small_key()};
  }

  const std::vector<FeatureRequest> requests_{{{"2.png", "1.png"}, {0}}, {{"1.png", "5.png"}, {0}}};
  FeatureTable all_ = small_table(8, "");
  test::ScratchFolder scratch_;
};

TEST_F(SealTest, WritesWhatIsAskedForOnceEach) {
  seal_features(cache("cache.h5", {0, 1, 2, 3, 4, 5, 6, 7}), requests_, {}, scratch_ / "out/pets.h5");
  const FeatureCache sealed(scratch_ / "out/pets.h5", small_key());
  EXPECT_TRUE(sealed.sealed());
  EXPECT_EQ(FeatureFile(sealed.path()).rows().size(), 3U);
  const Tensor features = sealed.read(std::vector<std::string>{"2.png", "1.png", "5.png"}, std::vector{0});
  const Tensor expected = all_.features.index_select(0, torch::tensor({2, 1, 5})).to(torch::kFloat32);
  EXPECT_TRUE(features.view({3, 8}).equal(expected));
}

TEST_F(SealTest, TheBytesDoNotHangOnHowTheCacheGrew) {
  seal_features(cache("one.h5", {0, 1, 2, 3, 4, 5, 6, 7}), requests_, {}, scratch_ / "first.h5");
  seal_features(cache("two.h5", {5, 2, 7, 1}), requests_, {}, scratch_ / "second.h5");
  EXPECT_EQ(read_file(scratch_ / "first.h5"), read_file(scratch_ / "second.h5"));
}

TEST_F(SealTest, RefusesACacheThatLacksSomething) {
  EXPECT_ERROR(seal_features(cache("cache.h5", {0, 1, 2}), requests_, {}, scratch_ / "pets.h5"),
               "cache.h5: lacks features of 1 images, first 5.png; run `runner features build` first");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "pets.h5"));
}

}  // namespace
}  // namespace promptbed
