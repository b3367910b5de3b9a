#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "data/layouts/inner_path.h"
#include "data/layouts/own_splits.h"
#include "formats/csv.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr std::array kColumns = {"path", "class", "split"};

/// One picture of a manifest, before it is checked.
struct Entry {
  int64_t line = 0;
  std::array<std::string, 3> values;  ///< as kColumns
};

template <class... Parts>
[[noreturn]] void fail(const fs::path& file, int64_t line, fmt::format_string<Parts...> what,
                       Parts&&... parts) {
  throw Error(fmt::format("{}, line {}: {}; mend the line", file.string(), line,
                          fmt::format(what, std::forward<Parts>(parts)...)));
}

std::vector<Entry> read_csv_entries(const fs::path& file) {
  std::vector<CsvRow> rows = read_csv(file);
  if (rows.empty())
    throw Error(fmt::format("{}: is empty; begin with the line {}", file.string(), fmt::join(kColumns, ",")));
  const std::vector<std::string> heading = rows.front().fields;
  std::array<size_t, kColumns.size()> place{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    place[i] = static_cast<size_t>(std::ranges::find(heading, kColumns[i]) - heading.begin());
    if (place[i] == heading.size())
      fail(file, rows.front().line, "the heading has no column '{}'", kColumns[i]);
  }
  std::vector<Entry> entries;
  for (size_t row = 1; row < rows.size(); ++row) {
    std::vector<std::string>& fields = rows[row].fields;
    if (fields.size() != heading.size())
      fail(file, rows[row].line, "has {} fields, and the heading has {}", fields.size(), heading.size());
    Entry& entry = entries.emplace_back(Entry{rows[row].line, {}});
    for (size_t i = 0; i < kColumns.size(); ++i) entry.values[i] = std::move(fields[place[i]]);
  }
  return entries;
}

Entry parse_json_line(const fs::path& file, int64_t line, const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(file, line, "is no JSON object");
  Entry entry{line, {}};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto value = json.find(kColumns[i]);
    if (value == json.end() || !value->is_string()) fail(file, line, "has no text under '{}'", kColumns[i]);
    entry.values[i] = value->get<std::string>();
  }
  return entry;
}

std::vector<Entry> read_json_entries(const fs::path& file) {
  std::istringstream in(read_file(file));
  std::vector<Entry> entries;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      entries.push_back(parse_json_line(file, number, line));
  }
  return entries;
}

std::vector<Entry> read_entries(const fs::path& file) {
  if (file.extension() == ".csv") return read_csv_entries(file);
  if (file.extension() == ".jsonl") return read_json_entries(file);
  throw Error(
      fmt::format("{}: is no manifest by its name; call it .csv, or .jsonl for JSON lines", file.string()));
}

}  // namespace

Split read_own_manifest_split(const fs::path& file) {
  std::vector<Entry> entries = read_entries(file);
  std::map<std::string, int64_t> labels;
  for (const Entry& entry : entries) labels.emplace(entry.values[1], 0);
  int64_t next = 0;
  for (auto& [name, label] : labels) label = next++;

  Split split;
  const std::map<std::string, std::vector<Image>*> parts = {
      {"train", &split.train}, {"val", &split.val}, {"test", &split.test}};
  for (Entry& entry : entries) {
    auto& [path, class_name, part] = entry.values;
    if (!is_inner_path(path)) fail(file, entry.line, "'{}' is no path below the manifest's folder", path);
    if (class_name.empty()) fail(file, entry.line, "the class has no name");
    const auto images = parts.find(part);
    if (images == parts.end()) fail(file, entry.line, "split is '{}'; known are train, val, test", part);
    const int64_t label = labels.at(class_name);
    images->second->push_back({std::move(path), label, std::move(class_name)});
  }
  return split;
}

}  // namespace promptbed
