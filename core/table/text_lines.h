#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// Characters of a UTF-8 text: bytes that do not continue one.
size_t length_of(std::string_view text);

/// The text in lines of at most `width` characters, broken at blanks; a longer word has a line of its own.
/// One line at least.
std::vector<std::string> wrapped(std::string_view text, size_t width);

}  // namespace promptbed
