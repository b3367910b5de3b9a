#include "formats/text_files.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <sstream>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/text.h"

namespace promptbed {
namespace {

class CsvReader {
 public:
  CsvReader(const std::filesystem::path& file, std::string_view text)
      : file_(file), rest_(without_byte_order_mark(text)) {}

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> rows;
    while (!rest_.empty()) {
      if (end_line()) continue;
      rows.push_back(row());
    }
    return rows;
  }

 private:
  CsvRow row() {
    CsvRow row{line_, {}};
    while (true) {
      row.fields.push_back(rest_.starts_with('"') ? quoted() : plain());
      if (rest_.empty() || end_line()) return row;
      if (!rest_.starts_with(',')) fail(line_, "text follows a closing quote");
      rest_.remove_prefix(1);
    }
  }

  std::string plain() {
    const std::string_view field = rest_.substr(0, rest_.find_first_of(",\r\n"));
    rest_.remove_prefix(field.size());
    return std::string(field);
  }

  std::string quoted() {
    const int64_t begin = line_;
    std::string field;
    for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
      if (rest_.front() == '\n') ++line_;
      if (rest_.starts_with("\"\"")) {
        rest_.remove_prefix(1);
      } else if (rest_.front() == '"') {
        rest_.remove_prefix(1);
        return field;
      }
      field += rest_.front();
    }
    fail(begin, "a quote is never closed");
  }

  /// Skips the end of a line, if it is next.
  bool end_line() {
    for (const std::string_view end : {"\r\n", "\n", "\r"}) {
      if (!rest_.starts_with(end)) continue;
      rest_.remove_prefix(end.size());
      ++line_;
      return true;
    }
    return false;
  }

  [[noreturn]] void fail(int64_t line, const char* what) const {
    throw Error(fmt::format("{}, line {}: is not CSV: {}; fix the line", file_.string(), line, what));
  }

  const std::filesystem::path& file_;
  std::string_view rest_;
  int64_t line_ = 1;
};

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::istringstream in{std::string(without_byte_order_mark(text))};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(kBlanks) + 1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  return lines_of(read_file(path));
}

std::vector<std::pair<std::string, std::string>> read_word_lines(const std::filesystem::path& path) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& line : read_lines(path)) {
    const size_t end = line.find_first_of(kBlanks);
    if (end == std::string::npos) {
      throw Error(
          fmt::format("{}: line '{}' must hold a word and a class name; fix the file", path.string(), line));
    }
    pairs.emplace_back(line.substr(0, end), line.substr(line.find_first_not_of(kBlanks, end)));
  }
  return pairs;
}

std::vector<CsvRow> read_csv(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  return CsvReader(file, text).rows();
}

}  // namespace promptbed
