#pragma once

#include "cli/options.h"
#include "results/ledger.h"

namespace promptbed {

/// The subcommands of `runner runs`. Each takes the arguments after its name and returns an exit code; throws
/// Error for wrong input.
int list_runs_command(const Arguments& arguments);
int show_run(const Arguments& arguments);
int diff_runs(const Arguments& arguments);
int export_runs(const Arguments& arguments);
int release_runs(const Arguments& arguments);
int delete_runs(const Arguments& arguments);

/// The ledger that --db names, for reading. Throws Error if there is none.
Ledger open_ledger(const Values& values);

}  // namespace promptbed
