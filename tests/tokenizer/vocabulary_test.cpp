#include "tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tokenizer/bpe_tokenizer.h"

namespace promptbed {
namespace {

const Merges kMerges = {{"a", "b"}, {"ab", "c</w>"}, {"!", "!"}};

TEST(Vocabulary, HasTheTokensOfTheTokenizer) {
  const auto vocabulary = vocabulary_of(kMerges);
  const BpeTokenizer tokenizer(kMerges);
  ASSERT_EQ(static_cast<int64_t>(vocabulary.size()), tokenizer.vocabulary_size());
  const auto text = [&](const std::string& word) {
    std::string texts;
    for (const int64_t token : tokenizer.encode(word))
      texts += vocabulary.at(static_cast<size_t>(token)).text() + ' ';
    return texts;
  };
  EXPECT_EQ(text("abc"), "abc ");
  EXPECT_EQ(text("abx"), "ab- x ");
  EXPECT_EQ(text("ü"), "\\xc3- \\xbc ") << "a character in two parts";
  EXPECT_EQ(vocabulary.back().text(), "<|endoftext|>");
}

TEST(Vocabulary, JoinsTokensToTheTextThatTheyAreOf) {
  const auto vocabulary = vocabulary_of(kMerges);
  const BpeTokenizer tokenizer(kMerges);
  for (const char* text : {"abc", "abc x", "ü bü c !!"})
    EXPECT_EQ(joined(tokenizer.encode(text), vocabulary), text);
  EXPECT_EQ(joined({tokenizer.start_of_text(), tokenizer.end_of_text()}, vocabulary), "");
}

TEST(TokenizerId, TellsUnusualMerges) {
  EXPECT_EQ(tokenizer_id(kMerges).size(), 16U);
  EXPECT_NE(tokenizer_id(kMerges), tokenizer_id({{"a", "b"}, {"!", "!"}, {"ab", "c</w>"}}));
  EXPECT_NE(tokenizer_id({{"a", "bc"}}), tokenizer_id({{"ab", "c"}}));
}

TEST(TokenizerId, IsEmptyForTheSuiteThatComesWithTheProgram) {
  // A new model of the suite has other merges: put their id beside the old ones, whose prompts go on to be
  // read.
  EXPECT_EQ(tokenizer_id(read_merges(PROMPTBED_SOURCE_DIR "/datasets/pocket/model")), "");
}

TEST(Vocabulary, RefusesMergesOfSymbolsThatNobodyMakes) {
  EXPECT_ERROR(vocabulary_of({{"ab", "c"}}), "merges join 'ab', which no earlier merge makes");
}

}  // namespace
}  // namespace promptbed
