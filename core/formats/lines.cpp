#include "formats/lines.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <sstream>

#include "base/files.h"

namespace promptbed {
namespace {

constexpr const char* kBlanks = " \t\r";

}  // namespace

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::istringstream in(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(kBlanks) + 1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::pair<std::string, std::string>> read_word_lines(const std::filesystem::path& path) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& line : read_lines(path)) {
    const size_t end = line.find_first_of(kBlanks);
    if (end == std::string::npos) {
      throw Error(fmt::format("{}: line '{}' has to hold a word and a class name; mend the file",
                              path.string(), line));
    }
    pairs.emplace_back(line.substr(0, end), line.substr(line.find_first_not_of(kBlanks, end)));
  }
  return pairs;
}

}  // namespace promptbed
