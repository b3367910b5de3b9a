#pragma once

#include <promptbed/tokenizer.h>

#include <numeric>
#include <string_view>
#include <vector>

namespace promptbed::test {

/// One token a word: its number of letters. A full stop is token 0.
///
///     encode("a photo.")   // {1, 5, 0}
class WordTokenizer final : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view text) const override {
    std::vector<int64_t> tokens;
    int64_t letters = 0;
    const auto end_word = [&] {
      if (letters > 0) tokens.push_back(letters);
      letters = 0;
    };
    for (const char c : text) {
      if (c != ' ' && c != '.')
        ++letters;
      else
        end_word();
      if (c == '.') tokens.push_back(0);
    }
    end_word();
    return tokens;
  }
  int64_t start_of_text() const override { return 28; }
  int64_t end_of_text() const override { return 29; }
};

}  // namespace promptbed::test
