#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// A text cleaned and cut as CLIP's tokenizer does it, before byte-pair encoding. Cleaning replaces HTML's
/// character references (twice), makes each white space one blank and everything lower case; the words are
/// contractions, runs of letters, single digits and runs of what is left:
///
///     "  CAF&Eacute; at\n10:45 isn't"   ->   café | at | 1 | 0 | : | 4 | 5 | isn | 't
///
/// Bytes that are no UTF-8 become U+FFFD.
std::vector<std::string> split_words(std::string_view text);

}  // namespace promptbed
