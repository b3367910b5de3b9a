#pragma once

#include "cli/arguments.h"
#include "results/ledger.h"

namespace promptbed {

/// The words of `runner runs`. Each takes the words after its own and returns an exit code; throws Error for
/// wrong input.
int list_runs_command(const Arguments& arguments);
int show_run(const Arguments& arguments);
int diff_runs(const Arguments& arguments);
int delete_runs(const Arguments& arguments);

/// The option that says which ledger.
void add_ledger_option(options::options_description& described);

/// The ledger that it names. Throws Error where there is none.
Ledger open_ledger(const options::variables_map& values);

}  // namespace promptbed
