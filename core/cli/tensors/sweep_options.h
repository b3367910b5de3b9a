#pragma once

#include "cli/arguments.h"
#include "sweep/sweep.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The options of `runner sweep`. The values of some go into `spec`, the others are for read_sweep_options.
options::options_description describe_sweep_options(SweepSpec& spec);

/// Fills in the rest. Throws Error naming an option whose value is not possible.
void read_sweep_options(SweepSpec& spec, const options::variables_map& values);

/// Prints on standard error what a user should know before the runs are made.
void print_warnings(const Plan& plan);

/// Prints on standard error what was not done, and why.
void print_shortcomings(const SweepOutcome& outcome);

}  // namespace promptbed
