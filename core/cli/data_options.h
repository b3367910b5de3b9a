#pragma once

#include "cli/arguments.h"
#include "data/suites/chosen_datasets.h"

namespace promptbed {

/// What --class-names takes in most commands.
inline constexpr const char* kClassNamesHelp = "JSON of your own class names by dataset (docs/datasets.md)";

/// The options that say which suite, where the pictures are and what is kept of them: the same in every
/// command that works on datasets. --datasets is not among them: some commands take the datasets as words.
/// `class_names` is the help of --class-names.
options::options_description describe_data_options(const char* class_names = kClassNamesHelp);

/// Fills in what those options say.
void read_data_options(DataSpec& spec, const options::variables_map& values);

/// The suite that --suite names, or else: paper, whose data are the user's, where there is --data, and
/// pocket, which is embedded, where there is none.
std::string chosen_suite(const options::variables_map& values);

/// Tells on standard error what a user should know of a split.
void print_notes(const Split& split);

}  // namespace promptbed
