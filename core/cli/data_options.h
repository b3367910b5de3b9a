#pragma once

#include "cli/arguments.h"
#include "data/suites/chosen_datasets.h"

namespace promptbed {

/// What --class-names takes in most subcommands.
inline constexpr const char* kClassNamesHelp = "JSON of your own class names by dataset (docs/datasets.md)";

/// The options for the suite, its data and their cache, which every subcommand on datasets has. --datasets is
/// not among them: some subcommands take datasets as arguments. `class_names` is the help of --class-names.
options::options_description describe_data_options(const char* class_names = kClassNamesHelp);

/// Puts the values of those options into `spec`.
void read_data_options(DataSpec& spec, const options::variables_map& values);

/// The suite: --suite if given, otherwise paper with --data, and pocket, which is embedded, without.
std::string chosen_suite(const options::variables_map& values);

/// Prints the notes of a split on standard error.
void print_notes(const Split& split);

}  // namespace promptbed
