#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace promptbed {

/// What separates words of a line, or ends it unseen.
inline constexpr std::string_view kBlanks = " \t\r";

/// The lines of a text that are not empty, without trailing blanks and without a byte order mark.
std::vector<std::string> lines_of(std::string_view text);

/// The same of a file. Throws Error if it cannot be read.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Lines such as "n01440764 tench" as pairs of a word and a text. Throws Error for a line of one word.
std::vector<std::pair<std::string, std::string>> read_word_lines(const std::filesystem::path& path);

/// A row of a CSV file.
struct CsvRow {
  int64_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> fields;
};

/// Reads a CSV file (RFC 4180): fields are separated by commas, and quoted if they hold commas, quotes
/// (doubled) or line ends. A byte order mark and empty lines are skipped. Throws Error naming file and line
/// if a quote is never closed or followed by text.
std::vector<CsvRow> read_csv(const std::filesystem::path& file);

}  // namespace promptbed
