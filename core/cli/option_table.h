#pragma once

#include <map>
#include <string>

#include "cli/options.h"
#include "table/table.h"

namespace promptbed {

/// Every option of a subcommand that has a value, the value and where it was given, a row each; of a
/// repeatable option a row for each value. `settled` says what an option stands for that was not given and
/// has no default of its own: {"jobs", "8"}.
Table option_table(const Values& values, const std::map<std::string, std::string>& settled);

}  // namespace promptbed
