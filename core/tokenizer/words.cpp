#include "tokenizer/words.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <memory>
#include <stdexcept>

#include "tokenizer/html_entities.h"

namespace promptbed {
namespace {

/// Special tokens, English contractions, runs of letters, single digits, runs of anything else but white
/// space.
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

/// Words, each white space between them one blank.
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
