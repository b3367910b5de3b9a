#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "data/layouts/split.h"
#include "data/suites/dataset_spec.h"

namespace promptbed {

/// Gives the classes of a checked split the names that the user wants. Throws Error for a list that is not as
/// long as there are classes, and for a name that no class has.
void give_names(Split& split, const GivenNames& names);

/// Puts what a user wants of words into the datasets. Either path may be empty.
///
/// `templates` is a JSON file of templates by dataset: {"dtd": "a close-up of {} cloth."}. `class_names` is
/// one of names by dataset: all of them in the order of the labels, {"dtd": ["banded", ...]}, or the new ones
/// by the old, {"dtd": {"polka-dotted": "dotted"}}. Throws Error for a file that is not like that and for a
/// dataset that is neither among the given ones nor `elsewhere`.
void apply_user_words(const std::filesystem::path& templates, const std::filesystem::path& class_names,
                      std::vector<DatasetSpec>& datasets, const std::set<std::string>& elsewhere = {});

}  // namespace promptbed
