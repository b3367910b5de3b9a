#include "table/text_style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace promptbed {
namespace {

constexpr size_t kLeastWidth = 40;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The number in COLUMNS; 0 where there is none.
size_t width_of_environment() {
  const std::string_view columns = environment("COLUMNS");
  size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  return width;
}

size_t width_of_terminal() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

TextStyle output_style() {
  TextStyle style;
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  size_t width = is_terminal ? width_of_terminal() : 0;
  if (width == 0) width = width_of_environment();
  if (width > 0) style.width = width < kLeastWidth ? kLeastWidth : width;
  style.wraps = is_terminal;
  style.is_styled = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return style;
}

}  // namespace promptbed
