#pragma once

#include "cli/options.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// What --dry-run shows of a sweep.
enum class DryRun {
  no,    ///< nothing: the sweep is made
  plan,  ///< a table of datasets and methods, and all options
  full,  ///< also what each run is: its options, recipe and images
  json,  ///< all of that for programs
};

/// --dry-run, without a value or with one of those words.
CommandOption dry_run_option();
DryRun dry_run_of(const Values& values);

/// Prints it, for runs of which so many are made at the same time.
void print_dry_run(DryRun kind, const Values& values, const Plan& plan, const SweepSpec& spec,
                   const Workbench& bench, int64_t at_once);

}  // namespace promptbed
