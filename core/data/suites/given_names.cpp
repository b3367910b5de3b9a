#include "data/suites/given_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/input_file.h"
#include "base/json.h"
#include "base/text.h"
#include "data/suites/dataset_spec.h"
#include "formats/json_object.h"
#include "formats/text_files.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// A user's file may only name datasets of this sweep: a misspelt one must not be ignored.
void refuse_other_datasets(const JsonObject& fields, const std::vector<DatasetSpec>& datasets,
                           const std::set<std::string>& elsewhere) {
  std::set<std::string> known = elsewhere;
  for (const DatasetSpec& dataset : datasets) known.insert(dataset.id);
  for (const std::string& key : fields.keys()) {
    if (!known.contains(key)) {
      throw Error(
          fields.fault(key, fmt::format("is not one of --datasets; those are {}", fmt::join(known, ", "))));
    }
  }
}

std::vector<std::string> names_by_label(const Split& split, const GivenNames& names) {
  if (names.by_label.size() == split.class_names.size()) return names.by_label;
  throw Error(
      fmt::format("{}: has {} names, and the dataset has {} classes; give one per class, or an object of "
                  "new names by old ones",
                  names.file.string(), names.by_label.size(), split.class_names.size()));
}

std::vector<std::string> names_by_name(const Split& split, const GivenNames& names) {
  std::vector<std::string> result = split.class_names;
  for (const auto& [old_name, new_name] : names.by_name) {
    bool found = false;
    for (size_t label = 0; label < result.size(); ++label) {
      if (split.class_names[label] != old_name) continue;
      result[label] = new_name;
      found = true;
    }
    if (!found)
      throw Error(fmt::format("{}: no class is called '{}'; runner datasets show lists the names",
                              names.file.string(), old_name));
  }
  return result;
}

std::vector<std::string> names_in(const nlohmann::json& list, const fs::path& file) {
  std::vector<std::string> names;
  for (const nlohmann::json& name : list) {
    if (!name.is_string())
      throw Error(
          fmt::format("{}: {} is not a class name; give a list of texts", file.string(), name.dump()));
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

void give_names(Split& split, const GivenNames& names) {
  if (names.by_label.empty() && names.by_name.empty()) return;
  split.class_names = names.by_label.empty() ? names_by_name(split, names) : names_by_label(split, names);
  for (const std::string& name : split.class_names)
    check_class_name(name, fmt::format("{}: class", names.file.string()));
  for (std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
    for (Image& image : *images) image.class_name = split.class_names[static_cast<size_t>(image.label)];
  }
}

void apply_user_words(const fs::path& templates, const fs::path& class_names,
                      std::vector<DatasetSpec>& datasets, const std::set<std::string>& elsewhere) {
  if (!templates.empty()) {
    JsonObject fields = JsonObject::read_given(templates);
    refuse_other_datasets(fields, datasets, elsewhere);
    for (DatasetSpec& dataset : datasets) {
      if (!fields.has(dataset.id)) continue;
      dataset.prompt_template = fields.text(dataset.id);
      check_template_text(dataset.prompt_template, fields.place(dataset.id));
    }
  }
  if (!class_names.empty()) {
    JsonObject fields = JsonObject::read_given(class_names);
    refuse_other_datasets(fields, datasets, elsewhere);
    for (DatasetSpec& dataset : datasets) {
      if (!fields.has(dataset.id)) continue;
      GivenNames& names = dataset.given_names;
      names.file = class_names;
      if (fields.is_object(dataset.id)) {
        names.by_name = fields.text_map(dataset.id);
      } else {
        names.by_label = fields.texts(dataset.id);
      }
    }
  }
}

std::vector<std::string> read_class_list(const fs::path& file) {
  const std::string text = read_given_text(file);
  const size_t first = text.find_first_not_of(" \t\r\n");
  const char begin = first == std::string::npos ? '\0' : text[first];
  if (begin == '{')
    throw Error(fmt::format("{}: holds names by dataset; give it as --class-names", file.string()));
  const std::vector<std::string> names =
      begin == '[' ? names_in(parse_json(text, file.string()), file) : lines_of(text);
  if (names.empty()) throw Error(fmt::format("{}: holds no class name; give one per line", file.string()));
  std::set<std::string> seen;
  for (const std::string& name : names) {
    check_class_name(name, fmt::format("{}: class", file.string()));
    if (!seen.insert(name).second)
      throw Error(fmt::format("{}: class '{}' is there twice; remove one", file.string(), name));
  }
  return names;
}

}  // namespace promptbed
