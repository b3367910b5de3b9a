#include "formats/ini.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>

#include "base/text.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

constexpr std::string_view kCommentMarks = "#;";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::string_view without_comment(std::string_view line) {
  for (size_t place = 0; place < line.size(); ++place) {
    const bool begins = place == 0 || kBlanks.find(line[place - 1]) != std::string_view::npos;
    if (begins && kCommentMarks.find(line[place]) != std::string_view::npos) return line.substr(0, place);
  }
  return line;
}

Error fault_in(size_t line, std::string_view text, std::string_view what) {
  return Error(fmt::format("line {}: '{}' {}", line, printable(text), what));
}

std::string section_in(std::string_view line, size_t number) {
  const std::string_view name = line.ends_with(']') ? trimmed(line.substr(1, line.size() - 2)) : "";
  if (name.empty()) throw fault_in(number, line, "is no section; write one as [sweep]");
  return std::string(name);
}

IniEntry entry_in(std::string_view line, size_t number, const std::string& section) {
  const size_t equals = line.find('=');
  const std::string_view key = trimmed(line.substr(0, equals));
  if (key.empty()) throw fault_in(number, line, "has no option before the =; write OPTION = VALUE");
  // A sentence, or an option and its value without =.
  if (key.find_first_of(kBlanks) != std::string_view::npos)
    throw fault_in(number, line, "is not OPTION = VALUE; write it so, or begin a comment with #");
  IniEntry entry{.section = section, .key = std::string(key), .value = {}, .line = number};
  if (equals != std::string_view::npos) entry.value = trimmed(line.substr(equals + 1));
  return entry;
}

}  // namespace

std::vector<IniEntry> parse_ini(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    throw Error("has bytes of zero, as text in UTF-16 has; save it as UTF-8");
  std::vector<IniEntry> entries;
  std::string section;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (line.starts_with('[')) {
      section = section_in(line, number);
    } else {
      entries.push_back(entry_in(line, number, section));
    }
  }
  return entries;
}

}  // namespace promptbed
