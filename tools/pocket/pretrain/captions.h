#pragma once

#include <promptbed/tokenizer.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "pair_set.h"

namespace promptbed::pocket {

/// A caption of the drawing, drawn at random: one of a few sentences about its name, at times with its
/// category, its icon set or whether it has colours.
std::string draw_caption(const Pair& pair, std::mt19937_64& random);

/// What the datasets say of a class.
std::string plain_caption(const std::string& name);

/// Start of text, the caption's tokens, end of text: cut to `context_length`, whose last token ends the text.
std::vector<int64_t> caption_tokens(const Tokenizer& tokenizer, const std::string& caption,
                                    int64_t context_length);

/// One caption of every pair: what the merges are learned from.
std::vector<std::string> caption_corpus(const PairSet& pairs);

}  // namespace promptbed::pocket
