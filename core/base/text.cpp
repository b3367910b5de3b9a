#include "base/text.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

namespace promptbed {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_plain_ascii(char c) {
  return c >= ' ' && c <= '~';
}

bool is_dangerous(UChar32 character) {
  const int8_t kind = u_charType(character);
  return kind == U_CONTROL_CHAR || kind == U_LINE_SEPARATOR || kind == U_PARAGRAPH_SEPARATOR ||
         u_hasBinaryProperty(character, UCHAR_BIDI_CONTROL) != 0;
}

/// Calls `plain` for every character that may be printed, or several, with their bytes, `foreign` for every
/// byte that is not UTF-8, and `dangerous` for every other character.
template <class Plain, class Foreign, class Dangerous>
void walk(std::string_view text, const Plain& plain, const Foreign& foreign, const Dangerous& dangerous) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());  // what U8_NEXT expects
  for (size_t place = 0; place < text.size();) {
    const size_t begin = place;
    while (place < text.size() && is_plain_ascii(text[place])) ++place;
    if (place > begin) {
      plain(text.substr(begin, place - begin));
      continue;
    }
    UChar32 character = 0;
    U8_NEXT(bytes, place, text.size(), character);
    const std::string_view spelling = text.substr(begin, place - begin);
    if (character < 0) {
      for (const char byte : spelling) foreign(static_cast<uint8_t>(byte));
    } else if (is_dangerous(character)) {
      dangerous(character);
    } else {
      plain(spelling);
    }
  }
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  walk(
      text, [&](std::string_view spelling) { out += spelling; },
      [&](uint8_t byte) { out += fmt::format("\\x{:02x}", byte); },
      [&](UChar32 character) {
        const auto number = static_cast<uint32_t>(character);
        out += number < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
      });
  return out;
}

std::string printable_lines(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    out += printable(lines.substr(0, end));
    if (end < lines.size()) out += '\n';
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

void check_name(std::string_view name, std::string_view where) {
  const auto refuse = [&](const char* what) {
    throw Error(fmt::format("{} '{}' {}", printable(where), printable(name), what));
  };
  walk(
      name, [](std::string_view) {}, [&](uint8_t) { refuse("is not UTF-8; write it in UTF-8"); },
      [&](UChar32) { refuse("has control characters; leave them out"); });
}

void check_class_name(std::string_view name, std::string_view where) {
  check_name(name, where);
  if (name.find_first_not_of(" _") == std::string_view::npos)
    throw Error(fmt::format("{} '{}' says nothing in a prompt; give it a name", printable(where), name));
}

}  // namespace promptbed
