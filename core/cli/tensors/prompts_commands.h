#pragma once

#include "cli/command.h"

namespace promptbed {

/// The subcommands of `runner prompts`. Each takes the arguments after its name and returns an exit code;
/// throws Error for wrong input.
int show_prompt(const Arguments& arguments);
int prompt_words(const Arguments& arguments);
int import_prompt(const Arguments& arguments);
int export_prompt(const Arguments& arguments);

}  // namespace promptbed
