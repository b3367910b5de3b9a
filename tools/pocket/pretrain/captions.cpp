#include "captions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace promptbed::pocket {
namespace {

/// The datasets' template, and how often it is taken.
constexpr const char* kTemplate = "an icon of a {}.";
constexpr double kTakesTemplate = 0.5;

/// What else is said.
constexpr std::array kSentences = {
    "an icon of {}.",
    "an icon of the {}.",
    "a drawing of a {}.",
    "a photo of a {}.",
    "a picture of a {}.",
    "a small {} icon.",
    "a pictogram of a {}.",
    "{}",
    "{} icon",
    "the {} symbol",
};

// How often a caption tells more than the name.
constexpr double kTellsCategory = 0.1;
constexpr double kTellsSet = 0.05;
constexpr double kTellsColours = 0.05;

bool happens(double probability, std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(0, 1)(random) < probability;
}

}  // namespace

std::string draw_caption(const Pair& pair, std::mt19937_64& random) {
  const char* sentence = kTemplate;
  if (!happens(kTakesTemplate, random))
    sentence = kSentences[std::uniform_int_distribution<size_t>(0, kSentences.size() - 1)(random)];
  std::string name = pair.name;
  if (happens(kTellsColours, random)) name = (pair.planes == 4 ? "coloured " : "plain ") + name;
  std::string caption = fmt::format(fmt::runtime(sentence), name);
  if (!pair.category.empty() && happens(kTellsCategory, random))
    caption += fmt::format(" category: {}.", pair.category);
  if (happens(kTellsSet, random)) caption += fmt::format(" from {}.", pair.set);
  return caption;
}

std::string plain_caption(const std::string& name) {
  return fmt::format(fmt::runtime(kTemplate), name);
}

std::vector<int64_t> caption_tokens(const Tokenizer& tokenizer, const std::string& caption,
                                    int64_t context_length) {
  std::vector<int64_t> tokens = tokenizer.encode(caption);
  tokens.insert(tokens.begin(), tokenizer.start_of_text());
  tokens.resize(std::min(tokens.size() + 1, static_cast<size_t>(context_length)));
  tokens.back() = tokenizer.end_of_text();
  return tokens;
}

std::vector<std::string> caption_corpus(const PairSet& pairs) {
  std::mt19937_64 random(0);
  std::vector<std::string> corpus;
  for (int64_t i = 0; i < pairs.size(); ++i) corpus.push_back(draw_caption(pairs[i], random));
  return corpus;
}

}  // namespace promptbed::pocket
