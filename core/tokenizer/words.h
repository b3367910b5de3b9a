#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// Replaces HTML's character references as Python's html.unescape does, which CLIP's tokenizer applies:
/// "R&amp;B" -> "R&B", "caf&eacute" -> "café", "&#x41;" -> "A".
std::string unescape_html(std::string_view text);

/// Cleans a text and cuts it into words, as CLIP's tokenizer does before byte-pair encoding. Cleaning
/// unescapes HTML (twice), turns every run of white space into one blank, and lower-cases. Words are
/// contractions, runs of letters, single digits, and runs of anything else:
///
///     "  CAF&Eacute; at\n10:45 isn't"   ->   café | at | 1 | 0 | : | 4 | 5 | isn | 't
///
/// Bytes that are not UTF-8 become U+FFFD.
std::vector<std::string> split_words(std::string_view text);

}  // namespace promptbed
