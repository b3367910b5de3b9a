#include "tokenizer/html_entities.h"

#include <gumbo.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace promptbed {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;
constexpr uint32_t kLargest = 0x10FFFF;
constexpr size_t kLongestName = 32;

/// What a number from 0x80 to 0x9F stands for: Windows-1252, and itself where that has a gap.
constexpr std::array<uint16_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string utf8(uint32_t code_point) {
  std::array<char, U8_MAX_LENGTH> bytes;
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, code_point);
  return {bytes.data(), static_cast<size_t>(length)};
}

/// Control characters and non-characters, which Python drops.
bool is_dropped(uint32_t number) {
  return (number >= 0x1 && number <= 0x8) || number == 0xB || (number >= 0xE && number <= 0x1F) ||
         number == 0x7F || (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE;
}

std::string numbered_character(uint32_t number) {
  if (number >= 0x80 && number <= 0x9F) return utf8(kWindows1252[number - 0x80]);
  if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number > kLargest) return utf8(kReplacement);
  return is_dropped(number) ? std::string() : utf8(number);
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/// A reference at the start of a text: how long it is (0: there is none), and what it stands for.
struct Reference {
  size_t length = 0;
  std::string meaning;
};

/// "&#65;", "&#x41" and the like.
Reference numeric_reference(std::string_view text) {
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const int base = hexadecimal ? 16 : 10;
  const size_t first = hexadecimal ? 3 : 2;
  size_t end = first;
  uint32_t number = 0;
  for (; end < text.size() && digit_value(text[end]) < base; ++end)
    number = std::min<uint32_t>(number * base + digit_value(text[end]), kLargest + 1);
  if (end == first) return {};
  if (end < text.size() && text[end] == ';') ++end;
  return {end, numbered_character(number)};
}

/// What an HTML parser makes of a text without markup.
std::string parsed_text(std::string_view text) {
  GumboOptions options = kGumboDefaultOptions;
  options.fragment_context = GUMBO_TAG_DIV;
  const auto destroy = [&](GumboOutput* output) { gumbo_destroy_output(&options, output); };
  const std::unique_ptr<GumboOutput, decltype(destroy)> output(
      gumbo_parse_with_options(&options, text.data(), text.size()), destroy);
  std::string parsed;
  const GumboVector& children = output->root->v.element.children;
  for (unsigned n = 0; n < children.length; ++n) {
    const auto* node = static_cast<const GumboNode*>(children.data[n]);
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) parsed += node->v.text.text;
  }
  return parsed;
}

/// "&eacute;" and the like. The parser knows the names, also those that stand without a semicolon or as the
/// beginning of a longer word.
Reference named_reference(std::string_view text) {
  size_t end = 1;
  for (size_t letters = 0; end < text.size() && letters < kLongestName; ++letters) {
    if (std::string_view("\t\n\f <&#;").find(text[end]) != std::string_view::npos) break;
    do ++end;
    while (end < text.size() && U8_IS_TRAIL(text[end]));
  }
  if (end == 1) return {};
  if (end < text.size() && text[end] == ';') ++end;
  return {end, parsed_text(text.substr(0, end))};
}

Reference reference_at(std::string_view text) {
  return text.size() > 1 && text[1] == '#' ? numeric_reference(text) : named_reference(text);
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t before = std::min(text.find('&'), text.size());
    plain += text.substr(0, before);
    text.remove_prefix(before);
    if (text.empty()) break;
    const Reference reference = reference_at(text);
    plain += reference.length > 0 ? reference.meaning : "&";
    text.remove_prefix(std::max<size_t>(reference.length, 1));
  }
  return plain;
}

}  // namespace promptbed
