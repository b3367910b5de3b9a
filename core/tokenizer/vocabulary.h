#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tokenizer/merges.h"

namespace promptbed {

/// What one token stands for.
struct VocabularyToken {
  std::string bytes;  ///< a part of a word in UTF-8, which may begin or end within a character
  bool ends_word = false;

  /// The bytes as text: those that are no UTF-8 as "\xe2", and a part that a word goes on after with "-" at
  /// its end ("pho-").
  std::string text() const;
};

/// The tokens of the byte-pair encoding with these merges, by their ids. Throws Error where a merge joins
/// symbols that no earlier one made.
std::vector<VocabularyToken> vocabulary_of(const Merges& merges);

/// The text that tokens make, words with blanks between them; start and end of text are left out.
std::string joined(const std::vector<int64_t>& tokens, const std::vector<VocabularyToken>& vocabulary);

}  // namespace promptbed
