#pragma once

#include "cli/command.h"
#include "cli/data_options.h"

namespace promptbed {

/// The words of `runner datasets`. Each takes the words after its own and returns an exit code; throws Error
/// for wrong input.
int list_datasets(const Arguments& arguments);
int show_datasets(const Arguments& arguments);
int verify_datasets(const Arguments& arguments);
int draw_dataset(const Arguments& arguments);
int import_draw(const Arguments& arguments);

/// The datasets that a command's words name ("dtd", "path/to/pictures"), or else all of the suite.
ChosenDatasets named_datasets(const options::variables_map& values);

/// A number of images for a table or a list: "-" where there is none.
std::string count_text(std::optional<int64_t> count);

}  // namespace promptbed
