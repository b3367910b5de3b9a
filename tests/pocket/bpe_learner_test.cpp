#include "bpe_learner.h"

#include <gtest/gtest.h>

#include "tokenizer/bpe_tokenizer.h"

namespace promptbed::pocket {
namespace {

TEST(BpeLearner, JoinsTheMostFrequentPairFirst) {
  // "ug" occurs five times, four of them at a word's end.
  const std::vector<std::string> texts = {"hug hug pug pug", "hugs"};
  const Merges expected = {{"u", "g</w>"}, {"h", "ug</w>"}, {"p", "ug</w>"}};
  EXPECT_EQ(learn_merges(texts, 100), expected);
}

TEST(BpeLearner, TakesTheFirstInTheAlphabetOfEquallyFrequentPairs) {
  const std::vector<std::string> texts = {"xy ab xy ab"};
  EXPECT_EQ(learn_merges(texts, 1), (Merges{{"a", "b</w>"}}));
}

TEST(BpeLearner, LeavesPairsThatOccurOnce) {
  const std::vector<std::string> texts = {"abc"};
  EXPECT_TRUE(learn_merges(texts, 100).empty());
}

TEST(BpeLearner, JoinsOverlappingPairsFromTheLeft) {
  const std::vector<std::string> texts = {"aaaa aaaa"};
  const BpeTokenizer tokenizer(learn_merges(texts, 100));
  EXPECT_EQ(tokenizer.encode("aaaa").size(), 1u);
}

TEST(BpeLearner, MakesMergesThatTheTokenizerTakes) {
  const std::vector<std::string> texts(3, "an icon of a caf\u00e9, an icon of a cafeteria");
  const BpeTokenizer tokenizer(learn_merges(texts, 1000));
  EXPECT_EQ(tokenizer.encode("icon caf\u00e9 cafeteria").size(), 3u);
  EXPECT_EQ(tokenizer.encode("zebra").size(), 5u);
}

}  // namespace
}  // namespace promptbed::pocket
