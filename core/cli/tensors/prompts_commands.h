#pragma once

#include "cli/command.h"

namespace promptbed {

/// The words of `runner prompts`. Each takes the words after its own and returns an exit code; throws Error
/// for wrong input.
int show_prompt(const Arguments& arguments);
int prompt_words(const Arguments& arguments);
int import_prompt(const Arguments& arguments);
int export_prompt(const Arguments& arguments);

}  // namespace promptbed
