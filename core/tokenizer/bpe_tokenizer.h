#pragma once

#include <promptbed/tokenizer.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/merges.h"

namespace promptbed {

/// CLIP's byte-level byte-pair encoding. The text is cleaned (HTML references twice, runs of white space to
/// one blank, lower case) and cut into words; each word starts as its bytes, the last one marked as a word's
/// end, and neighbours are joined in the order of the merges. The vocabulary is 256 bytes, 256 bytes that end
/// a word, one token per merge, start and end of text.
///
/// ftfy's repairs of broken Unicode, which the reference applies first, are not made.
class BpeTokenizer : public Tokenizer {
 public:
  /// Throws Error where a merge joins symbols that no earlier one made.
  explicit BpeTokenizer(const Merges& merges);

  std::vector<int64_t> encode(std::string_view text) const override;
  int64_t start_of_text() const override { return vocabulary_size_ - 2; }
  int64_t end_of_text() const override { return vocabulary_size_ - 1; }

  int64_t vocabulary_size() const { return vocabulary_size_; }

 private:
  /// What a pair of tokens is joined to, and how early.
  struct Merge {
    int64_t rank;
    int64_t token;
  };

  /// The tokens of one word in UTF-8.
  std::vector<int64_t> encode_word(std::string_view word) const;
  std::vector<int64_t> join(std::vector<int64_t> tokens) const;

  int64_t vocabulary_size_;
  std::array<int64_t, 256> token_of_byte_;
  std::unordered_map<uint64_t, Merge> merges_;  // by both tokens, 32 bits each

  mutable std::mutex known_words_mutex_;
  mutable std::unordered_map<std::string, std::vector<int64_t>> known_words_;
};

/// The tokenizer of a model with so many rows of token embeddings. Throws Error where there are no merges or
/// their number is another.
std::shared_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& model, int64_t vocabulary_size);

}  // namespace promptbed
