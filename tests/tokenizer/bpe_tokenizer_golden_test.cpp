#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "support/golden.h"
#include "tokenizer/bpe_tokenizer.h"

namespace promptbed {
namespace {

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
