#pragma once

#include <random>
#include <string>
#include <vector>

#include "pair_set.h"

namespace promptbed::pocket {

/// A caption of the drawing, drawn at random: one of a few sentences about its name, at times with its
/// category, its icon set or whether it has colours.
std::string draw_caption(const Pair& pair, std::mt19937_64& random);

/// One caption of every pair: what the merges are learned from.
std::vector<std::string> caption_corpus(const PairSet& pairs);

}  // namespace promptbed::pocket
