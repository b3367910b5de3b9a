#include "formats/word_list.h"

#include <charconv>

#include "base/hash.h"

namespace promptbed {

void append_word(std::string& text, std::string_view word) {
  text.append(word).push_back('\0');
}

void append_word(std::string& text, int64_t number) {
  append_word(text, std::to_string(number));
}

std::string sealed_words(std::string text) {
  append_word(text, Hasher().add(std::string_view(text)).hex());
  return text;
}

std::optional<std::string_view> WordReader::word() {
  const size_t end = text_.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view word = text_.substr(0, end);
  text_.remove_prefix(end + 1);
  return word;
}

std::optional<int64_t> WordReader::number() {
  const auto digits = word();
  int64_t number = 0;
  if (!digits || std::from_chars(digits->begin(), digits->end(), number).ptr != digits->end())
    return std::nullopt;
  return number;
}

std::optional<WordReader> open_words(std::string_view text, std::string_view heading) {
  const size_t hash_begin = text.size() > 1 ? text.rfind('\0', text.size() - 2) + 1 : 0;
  const std::string_view contents = text.substr(0, hash_begin);
  if (WordReader(text.substr(hash_begin)).word() != Hasher().add(contents).hex()) return std::nullopt;
  WordReader words(contents);
  if (words.word() != heading) return std::nullopt;
  return words;
}

}  // namespace promptbed
