#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// "[section]" and below it "key = value", or a "key" alone.
struct IniEntry {
  std::string section;  ///< "" above the first
  std::string key;
  std::optional<std::string> value;  ///< nothing for a key alone
  size_t line = 0;                   ///< from 1
};

/// The entries of an INI file, in their order. `#` and `;` begin a comment, at the start of a line or behind
/// a blank, so that they may be part of a value. Blanks around sections, keys and values do not count. Throws
/// Error, naming the line, for one that is none of these.
std::vector<IniEntry> parse_ini(std::string_view text);

}  // namespace promptbed
