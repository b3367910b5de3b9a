#pragma once

#include <promptbed/tokenizer.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace promptbed {

/// What to do with a text that does not fit.
enum class TooLong {
  refuse,
  truncate,  ///< keep the first tokens; the last one becomes the end of text
};

/// Start of text, the text's tokens, end of text; no padding. Throws Error naming a text that needs more than
/// `context_length` tokens.
std::vector<int64_t> tokenize(const Tokenizer& tokenizer, std::string_view text, int64_t context_length,
                              TooLong too_long = TooLong::refuse);

}  // namespace promptbed
