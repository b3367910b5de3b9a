#include "tokenizer/words.h"

#include <fmt/format.h>
#include <gumbo.h>
#include <unicode/locid.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace promptbed {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;
constexpr uint32_t kLargest = 0x10FFFF;
constexpr size_t kLongestName = 32;

/// What the numbers 0x80 to 0x9F stand for: Windows-1252, or themselves in its gaps.
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

/// Control characters and noncharacters, which Python drops.
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

/// A reference at the start of a text: its length (0: none) and what it stands for.
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

/// "&eacute;" and the like. The parser knows the names, including those that need no semicolon or may be
/// followed by more letters.
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

/// Special tokens, English contractions, runs of letters, single digits, runs of anything else except spaces.
constexpr const char16_t* kWordPattern =
    u"<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+";

void check(UErrorCode status) {
  if (U_FAILURE(status)) throw std::runtime_error(fmt::format("ICU: {}", u_errorName(status)));
}

std::unique_ptr<const icu::RegexPattern> compile_word_pattern() {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<const icu::RegexPattern> pattern(
      icu::RegexPattern::compile(kWordPattern, UREGEX_CASE_INSENSITIVE, status));
  check(status);
  return pattern;
}

/// Python's str.isspace: Unicode's white space and the four separators of ASCII.
bool is_space(UChar32 c) {
  return u_isUWhiteSpace(c) || (c >= 0x1C && c <= 0x1F);
}

/// Turns every run of white space between words into one blank.
icu::UnicodeString collapse_spaces(const icu::UnicodeString& text) {
  icu::UnicodeString collapsed;
  for (int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    const UChar32 c = text.char32At(at);
    if (!is_space(c)) {
      collapsed.append(c);
    } else if (!collapsed.isEmpty() && !collapsed.endsWith(u" ", 1)) {
      collapsed.append(u' ');
    }
  }
  if (collapsed.endsWith(u" ", 1)) collapsed.truncate(collapsed.length() - 1);
  return collapsed;
}

icu::UnicodeString clean(std::string_view text) {
  const std::string plain = unescape_html(unescape_html(text));
  return collapse_spaces(icu::UnicodeString::fromUTF8(plain)).toLower(icu::Locale::getRoot());
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

std::vector<std::string> split_words(std::string_view text) {
  static const std::unique_ptr<const icu::RegexPattern> pattern = compile_word_pattern();
  const icu::UnicodeString cleaned = clean(text);
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(cleaned, status));
  check(status);
  std::vector<std::string> words;
  while (matcher->find(status)) matcher->group(status).toUTF8String(words.emplace_back());
  check(status);
  return words;
}

}  // namespace promptbed
