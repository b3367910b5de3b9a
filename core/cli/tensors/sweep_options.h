#pragma once

#include "cli/arguments.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The options of `runner sweep`. The values of some go into `spec`, the others are for read_sweep_options.
options::options_description describe_sweep_options(SweepSpec& spec);

/// Fills in the rest. Throws Error naming an option whose value cannot be.
void read_sweep_options(SweepSpec& spec, const options::variables_map& values);

}  // namespace promptbed
