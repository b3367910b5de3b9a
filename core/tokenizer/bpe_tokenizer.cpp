#include "tokenizer/bpe_tokenizer.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <limits>

#include "tokenizer/words.h"

namespace promptbed {
namespace {

constexpr const char* kStartOfText = "<|startoftext|>";
constexpr const char* kEndOfText = "<|endoftext|>";
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

uint64_t pair_key(int64_t left, int64_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
}

}  // namespace

BpeTokenizer::BpeTokenizer(const Merges& merges)
    : vocabulary_size_(2 * kBytes + static_cast<int64_t>(merges.size()) + 2) {
  const std::array<uint8_t, kBytes> bytes = bytes_in_token_order();
  const std::vector<std::string> symbols = byte_symbols();
  std::unordered_map<std::string, int64_t> tokens;
  for (int64_t n = 0; n < kBytes; ++n) {
    token_of_byte_[bytes[n]] = n;
    tokens[symbols[n]] = n;
    tokens[symbols[n] + kWordEnd] = kBytes + n;
  }
  int64_t rank = 0;
  for (const auto& [left, right] : merges) {
    const auto found_left = tokens.find(left), found_right = tokens.find(right);
    if (found_left == tokens.end() || found_right == tokens.end())
      throw Error(
          fmt::format("merge {} joins '{}' and '{}', which no earlier merge makes; download the model again",
                      rank + 1, left, right));
    const int64_t token = 2 * kBytes + rank;
    merges_.try_emplace(pair_key(found_left->second, found_right->second), Merge{rank, token});
    tokens[left + right] = token;
    ++rank;
  }
}

std::vector<int64_t> BpeTokenizer::encode(std::string_view text) const {
  std::vector<int64_t> tokens;
  for (const std::string& word : split_words(text)) {
    const std::vector<int64_t> word_tokens = encode_word(word);
    tokens.insert(tokens.end(), word_tokens.begin(), word_tokens.end());
  }
  return tokens;
}

std::vector<int64_t> BpeTokenizer::encode_word(std::string_view word) const {
  if (word == kStartOfText) return {start_of_text()};
  if (word == kEndOfText) return {end_of_text()};
  const std::lock_guard lock(known_words_mutex_);
  const auto [known, is_new] = known_words_.try_emplace(std::string(word));
  if (is_new) {
    std::vector<int64_t> tokens;
    for (const char byte : word) tokens.push_back(token_of_byte_[static_cast<uint8_t>(byte)]);
    tokens.back() += kBytes;
    known->second = join(std::move(tokens));
  }
  return known->second;
}

std::vector<int64_t> BpeTokenizer::join(std::vector<int64_t> tokens) const {
  for (;;) {
    Merge best{kNever, 0};
    uint64_t best_key = 0;
    for (size_t n = 1; n < tokens.size(); ++n) {
      const uint64_t key = pair_key(tokens[n - 1], tokens[n]);
      const auto found = merges_.find(key);
      if (found != merges_.end() && found->second.rank < best.rank) {
        best = found->second;
        best_key = key;
      }
    }
    if (best.rank == kNever) return tokens;
    size_t kept = 0;
    for (size_t n = 0; n < tokens.size(); ++n) {
      const bool joins = n + 1 < tokens.size() && pair_key(tokens[n], tokens[n + 1]) == best_key;
      tokens[kept++] = joins ? best.token : tokens[n];
      if (joins) ++n;
    }
    tokens.resize(kept);
  }
}

std::shared_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& model, int64_t vocabulary_size) {
  auto tokenizer = std::make_shared<BpeTokenizer>(read_merges(model));
  if (tokenizer->vocabulary_size() != vocabulary_size) {
    throw Error(fmt::format(
        "{}: the merges make {} tokens and the weights have {}; use the merges that belong to the weights",
        model.string(), tokenizer->vocabulary_size(), vocabulary_size));
  }
  return tokenizer;
}

}  // namespace promptbed
