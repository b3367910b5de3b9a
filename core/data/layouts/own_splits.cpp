#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "data/layouts/layouts.h"
#include "data/layouts/own_folders.h"
#include "data/layouts/split_making.h"
#include "data/pictures/image_files.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFewestToDivide = 4;

/// Lists class folders, and counts the files in them that are not images.
class ClassFolderReader {
 public:
  ClassFolderReader(fs::path root, FolderIndex& index) : root_(std::move(root)), index_(index) {}

  /// The folders in `folder` (relative; "" for the dataset's own) that a user made.
  std::vector<std::string> folders_in(const std::string& folder) {
    std::vector<std::string> names = index_.list(root_ / folder).folders;
    std::erase_if(names, [&](const std::string& name) {
      if (!is_left_by_system(name)) return false;
      left_by_systems_.insert(folder.empty() ? name : folder + '/' + name);
      return true;
    });
    return names;
  }

  /// The images of every class folder in `part` ("" for the dataset's folder itself), by class.
  std::map<std::string, std::vector<std::string>> read(const std::string& part) {
    std::map<std::string, std::vector<std::string>> classes;
    for (const std::string& name : folders_in(part))
      classes[name] = images_in(part.empty() ? name : part + '/' + name);
    return classes;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (others_ > 0) {
      notes.push_back(fmt::format("{}: files left out whose names are not those of images: {}, the first {}",
                                  root_.string(), others_, first_other_));
    }
    if (!left_by_systems_.empty()) {
      notes.push_back(fmt::format("{}: folders that no user makes are left out: {}", root_.string(),
                                  fmt::join(left_by_systems_, ", ")));
    }
    return notes;
  }

 private:
  std::vector<std::string> images_in(const std::string& folder) {
    FolderNames names = index_.list(root_ / folder);
    names.folders = folders_in(folder);
    if (!names.folders.empty()) {
      throw Error(fmt::format("{}: is a folder inside a class's folder; move its images up, or remove it",
                              (root_ / folder / names.folders.front()).string()));
    }
    std::vector<std::string> images;
    for (const std::string& name : names.files) {
      const std::string path = folder + '/' + name;
      if (is_image_name(name)) {
        images.push_back(path);
      } else if (others_++ == 0) {
        first_other_ = path;
      }
    }
    return images;
  }

  fs::path root_;
  FolderIndex& index_;
  int64_t others_ = 0;
  std::string first_other_;
  std::set<std::string> left_by_systems_;
};

constexpr std::array kColumns = {"path", "class", "split"};

/// One image of a manifest, not yet checked.
struct Entry {
  int64_t line = 0;
  std::array<std::string, 3> values;  ///< in the order of kColumns
};

template <class... Parts>
[[noreturn]] void refuse_line(const fs::path& file, int64_t line, fmt::format_string<Parts...> what,
                              Parts&&... parts) {
  throw Error(fmt::format("{}, line {}: {}; fix the line", file.string(), line,
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
      refuse_line(file, rows.front().line, "the heading has no column '{}'", kColumns[i]);
  }
  std::vector<Entry> entries;
  for (size_t row = 1; row < rows.size(); ++row) {
    std::vector<std::string>& fields = rows[row].fields;
    if (fields.size() != heading.size())
      refuse_line(file, rows[row].line, "has {} fields and the heading {}", fields.size(), heading.size());
    Entry& entry = entries.emplace_back(Entry{rows[row].line, {}});
    for (size_t i = 0; i < kColumns.size(); ++i) entry.values[i] = std::move(fields[place[i]]);
  }
  return entries;
}

Entry parse_json_line(const fs::path& file, int64_t line, const std::string& text) {
  const nlohmann::json json = parse_json(text, fmt::format("{}, line {}", file.string(), line));
  if (!json.is_object()) refuse_line(file, line, "is not a JSON object");
  Entry entry{line, {}};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto value = json.find(kColumns[i]);
    if (value == json.end() || !value->is_string())
      refuse_line(file, line, "has no text under '{}'", kColumns[i]);
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
  throw Error(fmt::format("{}: is not a manifest by its name; call it .csv, or .jsonl for JSON lines",
                          file.string()));
}

}  // namespace

Split read_own_classes_split(const fs::path& folder, FolderIndex& index) {
  ClassFolderReader reader(folder, index);
  std::vector<ClassImages> classes;
  for (auto& [name, paths] : reader.read("")) {
    if (paths.size() < kFewestToDivide) {
      throw Error(
          fmt::format("{}: has {} images ({}); a class needs {} to be divided into training, validation and "
                      "test; add some, or remove the folder",
                      (folder / name).string(), paths.size(), kImageEndings, kFewestToDivide));
    }
    classes.push_back({static_cast<int64_t>(classes.size()), name, std::move(paths)});
  }
  Split split = divide_classes(classes);
  split.notes = reader.notes();
  return split;
}

Split read_own_parts_split(const fs::path& folder, FolderIndex& index) {
  ClassFolderReader reader(folder, index);
  Split split;
  const std::map<std::string_view, std::vector<Image>*> parts = {
      {"train", &split.train}, {"val", &split.val}, {"test", &split.test}};
  std::map<std::string_view, std::string> folder_of;  // by part
  std::map<std::string, int64_t> labels;
  for (const std::string& part_folder : reader.folders_in("")) {
    const std::string_view part = part_named(part_folder);
    if (part.empty()) continue;
    if (const auto [other, is_new] = folder_of.emplace(part, part_folder); !is_new) {
      throw Error(fmt::format("{}: {} and {} both hold the {} images; keep one of them", folder.string(),
                              other->second, part_folder, part));
    }
    for (const auto& [name, paths] : reader.read(part_folder)) {
      for (const std::string& path : paths) parts.at(part)->push_back({path, 0, name});
      if (!paths.empty()) labels.emplace(name, 0);
    }
  }
  int64_t next = 0;
  for (auto& [name, label] : labels) label = next++;
  for (const auto& [part, images] : parts) {
    for (Image& image : *images) image.label = labels.at(image.class_name);
  }
  split.notes = reader.notes();
  return split;
}

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
    if (!is_inner_path(path))
      refuse_line(file, entry.line, "'{}' does not stay inside the manifest's folder", path);
    if (class_name.empty()) refuse_line(file, entry.line, "the class has no name");
    const auto images = parts.find(part);
    if (images == parts.end()) refuse_line(file, entry.line, "split is '{}'; known: train, val, test", part);
    const int64_t label = labels.at(class_name);
    images->second->push_back({std::move(path), label, std::move(class_name)});
  }
  return split;
}

}  // namespace promptbed
