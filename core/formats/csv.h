#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace promptbed {

/// A row of a CSV file.
struct CsvRow {
  int64_t line = 0;  ///< on which it begins, from 1 up
  std::vector<std::string> fields;
};

/// Reads a CSV file (RFC 4180): commas between fields, quotes around those that hold commas, quotes (doubled)
/// or line ends. A byte order mark and empty lines are passed over. Throws Error naming the file and the line
/// where a quote is never closed or something follows the closing one.
std::vector<CsvRow> read_csv(const std::filesystem::path& file);

}  // namespace promptbed
