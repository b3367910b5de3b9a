#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tokenizer/vocabulary.h"

namespace promptbed::pocket {

/// Byte-pair encoding (Sennrich et al., arXiv 1508.07909): starting from the bytes of each word, the pair of
/// neighbours that is most frequent over all texts is joined, again and again, until there are `most` merges
/// or every pair occurs but once. Of equally frequent pairs the first in alphabetical order is taken.
Merges learn_merges(std::span<const std::string> texts, int64_t most);

}  // namespace promptbed::pocket
