#include "clip/towers/packed_prompts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

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

/// Prompts whose suffix tokens are the embeddings of these numbers.
PromptBatch prompts_of(int64_t prefix, const std::vector<int64_t>& tokens, std::vector<int64_t> lengths) {
  const Tensor numbers = torch::tensor(tokens, torch::kFloat).unsqueeze(1);
  return {at::zeros({1, prefix, 2}), at::cat({numbers, numbers + 1}, 1), std::move(lengths)};
}

/// Prompts without two equal tokens.
PromptBatch different_prompts(int64_t prefix, std::vector<int64_t> lengths) {
  std::vector<int64_t> tokens(std::accumulate(lengths.begin(), lengths.end(), size_t{0}));
  std::iota(tokens.begin(), tokens.end(), 0);
  return prompts_of(prefix, tokens, std::move(lengths));
}

TEST(PackedPrompts, SeeThePrefixAndWhatStandsBeforeThemInTheirOwnSuffix) {
  const auto groups = pack_prompts(different_prompts(2, {1, 3}));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(drawn(groups[0].mask()),
            "x.....\n"
            "xx....\n"
            "xxx...\n"
            "xx.x..\n"
            "xx.xx.\n"
            "xx.xxx\n");
  EXPECT_TRUE(at::equal(groups[0].last_row, torch::tensor({2, 5}, torch::kLong)));
  EXPECT_TRUE(at::equal(groups[0].position, torch::tensor({0, 1, 2, 2, 3, 4}, torch::kLong)));
  EXPECT_TRUE(at::equal(groups[0].token, torch::tensor({0, 1, 2, 3}, torch::kLong)));
}

TEST(PackedPrompts, ShareTheRowsOfEqualBeginnings) {
  // "7 8 .", "7 8 9 ." and "8 .": the 8 of the last one stands elsewhere and is a row of its own.
  const auto groups = pack_prompts(prompts_of(1, {7, 8, 0, 7, 8, 9, 0, 8, 0}, {3, 4, 2}));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(drawn(groups[0].mask()),
            "x.......\n"
            "xx......\n"    // 7
            "xxx.....\n"    // 7 8
            "xxxx....\n"    // 7 8 .
            "xxx.x...\n"    // 7 8 9
            "xxx.xx..\n"    // 7 8 9 .
            "x.....x.\n"    // 8
            "x.....xx\n");  // 8 .
  EXPECT_TRUE(at::equal(groups[0].token, torch::tensor({0, 1, 2, 5, 6, 7, 8}, torch::kLong)));
  EXPECT_TRUE(at::equal(groups[0].position, torch::tensor({0, 1, 2, 3, 3, 4, 1, 2}, torch::kLong)));
  EXPECT_TRUE(at::equal(groups[0].last_row, torch::tensor({3, 5, 7}, torch::kLong)));
}

TEST(PackedPrompts, ShareNoRowThatIsLearnedOrAnImagesOwn) {
  PromptBatch learned = prompts_of(1, {7, 0, 7, 0}, {2, 2});
  EXPECT_EQ(pack_prompts(learned)[0].rows(), 3);
  learned.suffix.requires_grad_();
  EXPECT_EQ(pack_prompts(learned)[0].rows(), 5);
  PromptBatch own = prompts_of(1, {7, 0, 7, 0}, {2, 2});
  own.suffix = own.suffix.unsqueeze(0);
  EXPECT_EQ(pack_prompts(own)[0].rows(), 5);
}

TEST(PackedPrompts, TakeEveryClassOnceInGroupsOfLikeSize) {
  const auto groups = pack_prompts(different_prompts(5, std::vector<int64_t>(200, 4)));
  ASSERT_EQ(groups.size(), 4U);
  int64_t first_token = 0;
  for (const PackedPrompts& group : groups) {
    EXPECT_EQ(group.token[0].item<int64_t>(), first_token);
    EXPECT_EQ(group.last_row.size(0), 50);
    EXPECT_EQ(group.rows(), 205);
    first_token += group.token.size(0);
  }
}

TEST(PackedPrompts, CountSharedRowsOnceWhenTheyMakeGroups) {
  std::vector<int64_t> tokens;
  for (int64_t k = 0; k < 100; ++k) tokens.insert(tokens.end(), {-1, -2, -3, k});
  const auto groups = pack_prompts(prompts_of(5, tokens, std::vector<int64_t>(100, 4)));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].rows(), 5 + 3 + 100);
}

TEST(PackedPrompts, RepeatALongPrefixLessOften) {
  const std::vector<int64_t> lengths(200, 4);
  EXPECT_EQ(pack_prompts(different_prompts(61, lengths)).size(), 4U);
  EXPECT_EQ(pack_prompts(different_prompts(100, lengths)).size(), 2U);
}

}  // namespace
}  // namespace promptbed
