#include "tokenizer/tokenize.h"

#include <fmt/format.h>
#include <promptbed/error.h>

namespace promptbed {

std::vector<int64_t> tokenize(const Tokenizer& tokenizer, std::string_view text, int64_t context_length,
                              TooLong too_long) {
  std::vector<int64_t> tokens = tokenizer.encode(text);
  tokens.insert(tokens.begin(), tokenizer.start_of_text());
  tokens.push_back(tokenizer.end_of_text());
  const auto length = static_cast<int64_t>(tokens.size());
  if (length <= context_length) return tokens;
  if (too_long == TooLong::refuse) {
    throw Error(fmt::format("'{}' needs {} tokens where the model takes {}; shorten the text", text, length,
                            context_length));
  }
  tokens.resize(static_cast<size_t>(context_length));
  tokens.back() = tokenizer.end_of_text();
  return tokens;
}

}  // namespace promptbed
