#pragma once

#include <cstddef>

namespace promptbed {

/// How text is set.
struct TextStyle {
  size_t width = 100;      ///< characters that fit beside each other
  bool wraps = false;      ///< whether notes and long texts are broken into lines of that width
  bool is_styled = false;  ///< whether the best numbers are bold and notes dim, as terminals show it
};

/// For what is printed to standard output: on a terminal its width, wrapped and styled (unless NO_COLOR is
/// set or TERM is dumb); else 100 characters, or COLUMNS where it is set, and plain.
TextStyle output_style();

}  // namespace promptbed
