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

#include "tokenizer/vocabulary.h"

namespace promptbed {

/// CLIP's byte-level byte-pair encoding. A text is cleaned and cut into words (split_words); each word starts
/// as its bytes, with the last one marked as the end of a word, and neighbours are joined in the order of the
/// merges. The vocabulary is 256 bytes, 256 bytes that end a word, one token per merge, start and end of
/// text.
///
/// The reference first repairs broken Unicode with ftfy; this tokenizer does not.
class BpeTokenizer : public Tokenizer {
 public:
  /// Throws Error if a merge joins symbols that no earlier one makes.
  explicit BpeTokenizer(const Merges& merges);

  std::vector<int64_t> encode(std::string_view text) const override;
  int64_t start_of_text() const override { return vocabulary_size_ - 2; }
  int64_t end_of_text() const override { return vocabulary_size_ - 1; }

  int64_t vocabulary_size() const { return vocabulary_size_; }

 private:
  /// The token that a pair is joined to, and the priority (0 is first).
  struct Merge {
    int64_t rank;
    int64_t token;
  };

  /// The tokens of one word.
  std::vector<int64_t> encode_word(std::string_view word) const;
  std::vector<int64_t> join(std::vector<int64_t> tokens) const;

  int64_t vocabulary_size_;
  std::array<int64_t, 256> token_of_byte_;
  std::unordered_map<uint64_t, Merge> merges_;  // by both tokens, 32 bits each

  mutable std::mutex known_words_mutex_;
  mutable std::unordered_map<std::string, std::vector<int64_t>> known_words_;
};

/// The tokenizer of a model with `vocabulary_size` token embeddings. Throws Error if there are no merges or
/// their number does not match.
std::shared_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& model, int64_t vocabulary_size);

}  // namespace promptbed
