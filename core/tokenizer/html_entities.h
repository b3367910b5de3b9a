#pragma once

#include <string>
#include <string_view>

namespace promptbed {

/// The text with HTML's character references replaced, by the rules of Python's html.unescape, which CLIP's
/// tokenizer applies: "R&amp;B" -> "R&B", "caf&eacute" -> "café", "&#x41;" -> "A".
std::string unescape_html(std::string_view text);

}  // namespace promptbed
