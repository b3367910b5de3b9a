#include "clip/packed_prompts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace promptbed {
namespace {

/// The mask as text: a line for each row, x where it sees a column.
std::string drawn(const Tensor& mask) {
  std::string text;
  for (const Tensor& row : mask.unbind()) {
    for (const Tensor& value : row.unbind()) text += value.item<float>() == 0 ? 'x' : '.';
    text += '\n';
  }
  return text;
}

TEST(PackedPrompts, SeeThePrefixAndWhatStandsBeforeThemInTheirOwnSuffix) {
  const std::vector<int64_t> lengths = {1, 3};
  const auto groups = pack_prompts(2, lengths, torch::kCPU);
  ASSERT_EQ(groups.size(), 1);
  EXPECT_EQ(drawn(groups[0].mask),
            "x.....\n"
            "xx....\n"
            "xxx...\n"
            "xx.x..\n"
            "xx.xx.\n"
            "xx.xxx\n");
  EXPECT_EQ(drawn(groups[0].last_mask),
            "xxx...\n"
            "xx.xxx\n");
  EXPECT_TRUE(at::equal(groups[0].last_row, torch::tensor({2, 5}, torch::kLong)));
  EXPECT_TRUE(at::equal(groups[0].position, torch::tensor({0, 1, 2, 2, 3, 4}, torch::kLong)));
}

TEST(PackedPrompts, TakeEveryClassOnceInGroupsOfLikeSize) {
  const std::vector<int64_t> lengths(200, 4);
  const auto groups = pack_prompts(5, lengths, torch::kCPU);
  ASSERT_EQ(groups.size(), 4);
  int64_t first_token = 0;
  for (const PackedPrompts& group : groups) {
    EXPECT_EQ(group.first_token, first_token);
    EXPECT_EQ(group.tokens, 200);
    EXPECT_EQ(group.last_row.size(0), 50);
    EXPECT_EQ(group.rows(), 205);
    first_token += group.tokens;
  }
}

TEST(PackedPrompts, RepeatALongPrefixLessOften) {
  const std::vector<int64_t> lengths(200, 4);
  EXPECT_EQ(pack_prompts(61, lengths, torch::kCPU).size(), 4);
  EXPECT_EQ(pack_prompts(100, lengths, torch::kCPU).size(), 2);
}

}  // namespace
}  // namespace promptbed
