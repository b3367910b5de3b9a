#include "bpe_learner.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tokenizer/vocabulary.h"
#include "tokenizer/words.h"

namespace promptbed::pocket {
namespace {

using Symbols = std::pair<std::string, std::string>;

/// A distinct word, cut into the symbols that it is made of so far.
struct Word {
  std::vector<std::string> symbols;
  int64_t count;
};

std::vector<Word> distinct_words(std::span<const std::string> texts) {
  std::map<std::string, int64_t> counts;
  for (const std::string& text : texts) {
    for (const std::string& word : split_words(text)) ++counts[word];
  }
  std::vector<Word> words;
  for (const auto& [word, count] : counts) words.push_back({spell_in_bytes(word), count});
  return words;
}

/// How often each pair of neighbours occurs, and in which words; kept up to date as words change.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word> words) : words_(std::move(words)) {
    for (size_t i = 0; i < words_.size(); ++i) count_pairs(i, +1);
  }

  /// The most frequent pair and its count.
  std::pair<Symbols, int64_t> best() const {
    if (ranking_.empty()) return {};
    const auto& [negative_count, pair] = *ranking_.begin();
    return {pair, -negative_count};
  }

  void join(const Symbols& pair) {
    const std::set<size_t> concerned = places_.at(pair);
    for (const size_t i : concerned) {
      count_pairs(i, -1);
      join_in(words_[i], pair);
      count_pairs(i, +1);
    }
  }

 private:
  static void join_in(Word& word, const Symbols& pair) {
    std::vector<std::string> joined;
    for (size_t n = 0; n < word.symbols.size(); ++n) {
      const bool joins =
          n + 1 < word.symbols.size() && word.symbols[n] == pair.first && word.symbols[n + 1] == pair.second;
      joined.push_back(joins ? pair.first + pair.second : word.symbols[n]);
      if (joins) ++n;
    }
    word.symbols = std::move(joined);
  }

  /// Adds the pairs of word i (sign +1), or takes them away (-1).
  void count_pairs(size_t i, int64_t sign) {
    const Word& word = words_[i];
    for (size_t n = 1; n < word.symbols.size(); ++n) {
      const Symbols pair = {word.symbols[n - 1], word.symbols[n]};
      int64_t& count = counts_[pair];
      ranking_.erase({-count, pair});
      count += sign * word.count;
      if (count > 0) ranking_.insert({-count, pair});
      sign > 0 ? void(places_[pair].insert(i)) : void(places_[pair].erase(i));
    }
  }

  std::vector<Word> words_;
  std::map<Symbols, int64_t> counts_;
  std::map<Symbols, std::set<size_t>> places_;
  std::set<std::pair<int64_t, Symbols>> ranking_;  ///< most frequent first
};

}  // namespace

Merges learn_merges(std::span<const std::string> texts, int64_t most) {
  PairCounts pairs(distinct_words(texts));
  Merges merges;
  while (static_cast<int64_t>(merges.size()) < most) {
    const auto [pair, count] = pairs.best();
    if (count < 2) break;
    pairs.join(pair);
    merges.push_back(pair);
  }
  return merges;
}

}  // namespace promptbed::pocket
