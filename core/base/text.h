#pragma once

#include <string>
#include <string_view>

namespace promptbed {

/// The text without the byte order mark with which some editors begin UTF-8.
std::string_view without_byte_order_mark(std::string_view text);

/// A text that may go to a terminal whoever wrote it: bytes that are not UTF-8, control characters and marks
/// that turn the direction of writing are spelled out, "\x1b" or "\u202e". All else stays as it is.
std::string printable(std::string_view text);

/// The same for several lines, each ended by a line feed.
std::string printable_lines(std::string_view lines);

/// Checks a name where it enters: UTF-8 throughout, with nothing that `printable` would spell out. Throws
/// Error, which begins with `where`, "birds/classes.txt: the class".
void check_name(std::string_view name, std::string_view where);

/// The same for a class's name, of which prompts have to say something: not blanks alone, nor underscores,
/// which stand for blanks.
void check_class_name(std::string_view name, std::string_view where);

}  // namespace promptbed
