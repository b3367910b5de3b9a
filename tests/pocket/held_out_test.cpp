#include "held_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "drawn_pairs.h"
#include "support/scratch.h"

namespace promptbed::pocket {
namespace {

std::vector<DrawnPair> joined(std::vector<DrawnPair> some, const std::vector<DrawnPair>& others) {
  some.insert(some.end(), others.begin(), others.end());
  return some;
}

/// Enough to hold out some names, and some drawings of other names.
std::vector<DrawnPair> many_pairs() {
  return joined(dotted_pairs("common", 60, 8), dotted_pairs("rare", 60, 7));
}

PairSet pair_set(const test::ScratchFolder& folder, const std::vector<DrawnPair>& pairs) {
  write_pairs(folder / "pairs", pairs);
  return PairSet(folder / "pairs");
}

std::string pixels(const PairSet& pairs, int64_t i) {
  const Tensor picture = pairs.picture(i);
  return {reinterpret_cast<const char*>(picture.data_ptr<uint8_t>()), static_cast<size_t>(picture.numel())};
}

std::set<std::string> names_of(const PairSet& pairs, const std::vector<int64_t>& which) {
  std::set<std::string> names;
  for (const int64_t i : which) names.insert(pairs[i].name);
  return names;
}

TEST(HoldOut, KeepsUnseenNamesFromTraining) {
  const test::ScratchFolder folder;
  const PairSet pairs = pair_set(folder, many_pairs());
  const HeldOut held_out = hold_out(pairs);
  const std::set<std::string> trained = names_of(pairs, held_out.trained);
  ASSERT_GT(held_out.unseen_names.names.size(), 1);
  for (const std::string& name : held_out.unseen_names.names) {
    EXPECT_FALSE(trained.contains(name)) << name;
    EXPECT_TRUE(name.starts_with("common")) << name << " has fewer than eight drawings";
  }
}

TEST(HoldOut, ShowsEightDrawingsOfAnUnseenName) {
  const test::ScratchFolder folder;
  const PairSet pairs = pair_set(folder, joined(many_pairs(), dotted_pairs("frequent", 30, 31)));
  const NamingTask task = hold_out(pairs).unseen_names;
  std::map<std::string, int64_t> shown;
  for (size_t i = 0; i < task.pairs.size(); ++i) {
    const std::string& name = task.names.at(static_cast<size_t>(task.answers[i]));
    EXPECT_EQ(name, pairs[task.pairs[i]].name);
    ++shown[name];
  }
  EXPECT_EQ(shown.size(), task.names.size());
  for (const auto& [name, drawings] : shown) EXPECT_EQ(drawings, 8) << name;
}

TEST(HoldOut, LeavesMoreCommonNamesInTraining) {
  const test::ScratchFolder folder;
  const PairSet pairs = pair_set(folder, dotted_pairs("everywhere", 30, 32));
  EXPECT_TRUE(hold_out(pairs).unseen_names.names.empty());
}

TEST(HoldOut, AsksOnceForNamesThatOtherDrawingsAreTrainedWith) {
  const test::ScratchFolder folder;
  const PairSet pairs = pair_set(folder, many_pairs());
  const HeldOut held_out = hold_out(pairs);
  const std::set<int64_t> trained(held_out.trained.begin(), held_out.trained.end());
  const std::set<std::string> trained_names = names_of(pairs, held_out.trained);
  const NamingTask& task = held_out.own_names;
  ASSERT_GT(task.names.size(), 3);
  ASSERT_EQ(task.pairs.size(), task.names.size());
  for (size_t i = 0; i < task.pairs.size(); ++i) {
    EXPECT_FALSE(trained.contains(task.pairs[i]));
    EXPECT_TRUE(trained_names.contains(task.names[i]));
    EXPECT_EQ(task.names[i], pairs[task.pairs[i]].name);
    EXPECT_EQ(task.answers[i], static_cast<int64_t>(i));
  }
}

TEST(HoldOut, PutsCopiesOfADrawingOnTheSameSide) {
  std::vector<DrawnPair> drawn = many_pairs();
  const size_t originals = drawn.size();
  for (size_t i = 0; i < originals; ++i) drawn.push_back({fmt::format("alias {}", i % 100), drawn[i].alpha});
  const test::ScratchFolder folder;
  const PairSet pairs = pair_set(folder, drawn);
  const HeldOut held_out = hold_out(pairs);
  const std::set<int64_t> trained(held_out.trained.begin(), held_out.trained.end());
  for (size_t i = 0; i < originals; ++i) {
    const auto original = static_cast<int64_t>(i), copy = static_cast<int64_t>(originals + i);
    EXPECT_EQ(trained.contains(original), trained.contains(copy));
  }
  EXPECT_TRUE(held_out.own_names.pairs.empty()) << "which of two names would be its own?";
}

TEST(HoldOut, DoesNotDependOnTheOrderOfThePairs) {
  std::vector<DrawnPair> drawn = many_pairs();
  const auto trained_on = [](const std::vector<DrawnPair>& pairs) {
    const test::ScratchFolder folder;
    const PairSet set = pair_set(folder, pairs);
    std::set<std::string> seen;
    for (const int64_t i : hold_out(set).trained) seen.insert(pixels(set, i));
    return seen;
  };
  const auto once = trained_on(drawn);
  std::ranges::reverse(drawn);
  EXPECT_EQ(trained_on(drawn), once);
}

}  // namespace
}  // namespace promptbed::pocket
