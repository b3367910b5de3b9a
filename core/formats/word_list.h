#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the cache remembers of folders and files: words, each ended by a zero byte, which no path contains.
/// The first is a heading, the last a hash of all that is before it.
namespace promptbed {

/// Appends a word, or a number as one.
void append_word(std::string& text, std::string_view word);
void append_word(std::string& text, int64_t number);

/// The same words, closed by their hash: a file's contents.
std::string sealed_words(std::string text);

/// Takes words off the front of a text; nothing once there are none.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  std::optional<std::string_view> word();

  /// Nothing if the next word is no number.
  std::optional<int64_t> number();

  bool at_end() const { return text_.empty(); }

  /// What is left.
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

/// A reader of the words behind the heading; nothing for a text that is damaged or has another heading. The
/// text must outlive it.
std::optional<WordReader> open_words(std::string_view text, std::string_view heading);

}  // namespace promptbed
