#pragma once

#include "cli/command.h"

namespace promptbed {

/// `runner features export`, the subcommand in a file of its own. Takes the arguments after its name and
/// returns an exit code; throws Error for wrong input.
int export_features(const Arguments& arguments);

}  // namespace promptbed
