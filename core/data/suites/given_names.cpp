#include "data/suites/given_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>

#include "data/suites/prompt_words.h"
#include "formats/json_object.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// A user's file may name the datasets of this sweep only: a misspelt one must not be passed over.
void refuse_other_datasets(const JsonObject& fields, const std::vector<DatasetSpec>& datasets,
                           const std::set<std::string>& elsewhere) {
  std::set<std::string> known = elsewhere;
  for (const DatasetSpec& dataset : datasets) known.insert(dataset.id);
  for (const std::string& key : fields.keys()) {
    if (!known.contains(key)) {
      throw Error(fields.fault(key, fmt::format("is no dataset that was chosen with --datasets; those are {}",
                                                fmt::join(known, ", "))));
    }
  }
}

std::vector<std::string> names_by_label(const Split& split, const GivenNames& names) {
  if (names.by_label.size() == split.class_names.size()) return names.by_label;
  throw Error(
      fmt::format("{}: has {} names, and the dataset has {} classes; give one a class, or an object of "
                  "old and new names",
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

}  // namespace

void give_names(Split& split, const GivenNames& names) {
  if (names.by_label.empty() && names.by_name.empty()) return;
  split.class_names = names.by_label.empty() ? names_by_name(split, names) : names_by_label(split, names);
  for (std::vector<Image>* images : {&split.train, &split.val, &split.test}) {
    for (Image& image : *images) image.class_name = split.class_names[static_cast<size_t>(image.label)];
  }
}

void apply_user_words(const fs::path& templates, const fs::path& class_names,
                      std::vector<DatasetSpec>& datasets, const std::set<std::string>& elsewhere) {
  if (!templates.empty()) {
    JsonObject fields = JsonObject::read(templates);
    refuse_other_datasets(fields, datasets, elsewhere);
    for (DatasetSpec& dataset : datasets) {
      if (!fields.has(dataset.id)) continue;
      dataset.prompt_template = fields.text(dataset.id);
      check_template_text(dataset.prompt_template, fields.place(dataset.id));
    }
  }
  if (!class_names.empty()) {
    JsonObject fields = JsonObject::read(class_names);
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

}  // namespace promptbed
