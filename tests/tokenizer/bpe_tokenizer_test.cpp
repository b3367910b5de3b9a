#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/json.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch.h"
#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/words.h"

namespace promptbed {
namespace {

using Tokens = std::vector<int64_t>;
using Words = std::vector<std::string>;

const Merges kMerges = {{"a", "b"}, {"ab", "c</w>"}, {"!", "!"}};

TEST(HtmlEntities, FollowPythonsRules) {
  EXPECT_EQ(unescape_html("R&amp;B &lt;b&gt; &eacute;"), "R&B <b> é");
  EXPECT_EQ(unescape_html("&notit; caf&eacute!"), "¬it; café!");
  EXPECT_EQ(unescape_html("&#65;&#x42&#X43;"), "ABC");
  EXPECT_EQ(unescape_html("&#128;&#x81;&#xD800;&#99999999999;&#1;"), "€\u0081\uFFFD\uFFFD");
  EXPECT_EQ(unescape_html("a&Tab;b"), "a\tb");
  EXPECT_EQ(unescape_html("AT&T & Co &; &#; &#x; &unknown; &"), "AT&T & Co &; &#; &#x; &unknown; &");
}

TEST(Words, AreCleanedAndCut) {
  EXPECT_EQ(split_words("  CAF&Eacute; at\n10:45 isn't"),
            (Words{"café", "at", "1", "0", ":", "4", "5", "isn", "'t"}));
  EXPECT_EQ(split_words("a&amp;lt;b"), (Words{"a", "<", "b"}));
  EXPECT_EQ(split_words("ΟΔΟΣ\u00a0<|endoftext|>\x1c."), (Words{"οδος", "<|endoftext|>", "."}));
  EXPECT_EQ(split_words(" \t"), Words{});
}

TEST(BpeTokenizer, JoinsInTheOrderOfTheMerges) {
  const BpeTokenizer tokenizer(kMerges);
  const int64_t a = 'a' - '!', b = 'b' - '!', c = 'c' - '!', word_end = 256;
  EXPECT_EQ(tokenizer.encode("abc"), Tokens({513}));
  EXPECT_EQ(tokenizer.encode("ABAB"), Tokens({512, a, b + word_end}));
  EXPECT_EQ(tokenizer.encode("c!!!"), Tokens({c + word_end, 514, word_end}));
  EXPECT_EQ(tokenizer.encode("<|startoftext|>abc<|endoftext|>"), Tokens({515, 513, 516}));
  EXPECT_EQ(tokenizer.vocabulary_size(), 517);
}

TEST(BpeTokenizer, HasATokenForEveryByte) {
  const BpeTokenizer tokenizer(kMerges);
  // Lower-cased U+0130 is an i and a combining dot (CC 87), which is no letter and so a word of its own. The
  // 188 bytes that Latin-1 prints come first, 7F to A0 after the 33 from 00 to 20.
  EXPECT_EQ(tokenizer.encode("\u0130"),
            Tokens({'i' - '!' + 256, 94 + 12 + (0xCC - 0xAE), 188 + 33 + (0x87 - 0x7F) + 256}));
}

TEST(BpeTokenizer, RefusesMergesOfUnknownSymbols) {
  EXPECT_ERROR(BpeTokenizer({{"a", "b"}, {"abc", "d"}}), "merge 2 joins 'abc' and 'd'");
}

TEST(Merges, AreReadFromEveryFile) {
  test::ScratchFolder scratch;
  const auto gz = scratch / "bpe_simple_vocab_16e6.txt.gz";
  const gzFile out = gzopen(gz.c_str(), "wb");
  gzputs(out, "\"bpe_simple_vocab_16e6.txt#version: 0.2\na b\nab c</w>\n! !\n");
  gzclose(out);
  EXPECT_EQ(read_merges(scratch / "model.pt"), kMerges);
  write_file(scratch / "tokenizer.json", R"({"model": {"merges": ["a b", "ab c</w>", "! !"]}})");
  EXPECT_EQ(read_merges(scratch.path()), kMerges);
  write_file(scratch / "tokenizer.json",
             R"({"model": {"merges": [["a", "b"], ["ab", "c</w>"], ["!", "!"]]}})");
  EXPECT_EQ(read_merges(scratch.path()), kMerges);
  write_file(scratch / "merges.txt", "#version: 0.2\r\na b\r\nab c</w>\r\n! !");
  EXPECT_EQ(read_merges(scratch.path()), kMerges);
}

TEST(Merges, ThatAreDamagedAreNamed) {
  test::ScratchFolder scratch;
  write_file(scratch / "bpe_simple_vocab_16e6.txt.gz", std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
  EXPECT_ERROR(read_merges(scratch.path()), "is truncated");
  write_file(scratch / "tokenizer.json", R"({"model": {}})");
  EXPECT_ERROR(read_merges(scratch.path()), "has no BPE merges");
  write_file(scratch / "merges.txt", "a b c\n");
  EXPECT_ERROR(read_merges(scratch.path()), "'a b c' is not a pair of symbols");
}

TEST(GoldenTokenizer, GivesTheReferencesTokens) {
  const auto folder = test::golden_folder();
  if (!std::filesystem::exists(folder / "clip_vit/hf/merges.txt"))
    GTEST_SKIP()
        << "CLIP's merges are not part of the repository; set PROMPTBED_GOLDEN to a folder with them";
  const BpeTokenizer tokenizer(read_merges(folder / "clip_vit/hf"));
  for (const auto& [text, tokens] : read_json(folder / "tokenizer/ids.json")
                                        .get<std::vector<std::pair<std::string, std::vector<int64_t>>>>())
    EXPECT_EQ(tokenizer.encode(text), tokens) << text;
}

}  // namespace
}  // namespace promptbed
