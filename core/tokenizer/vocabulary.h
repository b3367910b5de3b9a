#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {

/// The pairs of symbols that byte-pair encoding joins, in order of priority.
using Merges = std::vector<std::pair<std::string, std::string>>;

/// A model's merges: merges.txt, tokenizer.json or OpenAI's bpe_simple_vocab_16e6.txt.gz in its folder (or
/// beside the checkpoint file), whichever is found first. Throws Error if there is none or it is damaged.
Merges read_merges(const std::filesystem::path& model);

/// Tells the byte-pair encodings of different merges apart: 16 hexadecimal digits. It is "" for the merges of
/// OpenAI's models, which nearly all CLIPs share, and for those of the suite "pocket".
std::string tokenizer_id(const Merges& merges);

inline constexpr int64_t kBytes = 256;

/// The ending of a word's last symbol.
inline constexpr const char* kWordEnd = "</w>";

/// The bytes in the order of their tokens: first those that are printable in Latin-1.
std::array<uint8_t, kBytes> bytes_in_token_order();

/// How merges write the bytes, in the order of their tokens: as one visible character each, which is the
/// Latin-1 character of a printable byte, and one from U+0100 on for the others.
std::vector<std::string> byte_symbols();

/// A word before any merge: the symbols of its bytes, with the last one marked as the end of a word.
///
///     "café"   ->   c | a | f | Ã | ©</w>
std::vector<std::string> spell_in_bytes(std::string_view word);

/// What one token stands for.
struct VocabularyToken {
  std::string bytes;  ///< part of a word in UTF-8; may begin or end within a character
  bool ends_word = false;

  /// The bytes as text: those that are not UTF-8 as "\xe2", with "-" behind a part that does not end its word
  /// ("pho-").
  std::string text() const;
};

/// The tokens of the byte-pair encoding with these merges, by id. Throws Error if a merge joins symbols that
/// no earlier one makes.
std::vector<VocabularyToken> vocabulary_of(const Merges& merges);

/// The text of some tokens, with a blank between words and without start and end of text.
std::string joined(const std::vector<int64_t>& tokens, const std::vector<VocabularyToken>& vocabulary);

}  // namespace promptbed
