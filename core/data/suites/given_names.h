#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/layouts/split.h"
#include "data/suites/dataset_spec.h"

namespace promptbed {

/// Renames the classes of a checked split as the user wishes. Throws Error if a list of names does not have
/// one for each class, or an old name is no class's.
void give_names(Split& split, const GivenNames& names);

/// Puts a user's templates and class names into the datasets. Either path may be empty.
///
/// `templates` is a JSON file of templates by dataset: {"dtd": "a close-up of {} cloth."}. `class_names` is a
/// JSON file of names by dataset: all of them in label order, {"dtd": ["banded", ...]}, or new names by old
/// ones, {"dtd": {"polka-dotted": "dotted"}}. Throws Error for a malformed file and for a dataset that is
/// neither one of `datasets` nor `elsewhere`.
void apply_user_words(const std::filesystem::path& templates, const std::filesystem::path& class_names,
                      std::vector<DatasetSpec>& datasets, const std::set<std::string>& elsewhere = {});

/// Class names from a file: a JSON list of strings, or one name per line. Throws Error if the file cannot be
/// read, holds a JSON object (names by dataset), no name, an empty one, or one twice.
std::vector<std::string> read_class_list(const std::filesystem::path& file);

}  // namespace promptbed
