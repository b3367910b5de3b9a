#pragma once

#include "cli/command.h"
#include "cli/data_options.h"

namespace promptbed {

/// The subcommands of `runner datasets`. Each takes the arguments after its name and returns an exit code;
/// throws Error for wrong input.
int list_datasets(const Arguments& arguments);
int show_datasets(const Arguments& arguments);
int verify_datasets(const Arguments& arguments);
int try_dataset_crops(const Arguments& arguments);  // cli/tensors/datasets_crops.cpp
int seal_datasets(const Arguments& arguments);
int draw_dataset(const Arguments& arguments);
int import_draw(const Arguments& arguments);

/// The datasets that a subcommand's arguments name ("dtd", "path/to/images"), or all of the suite.
ChosenDatasets named_datasets(const Values& values);

}  // namespace promptbed
