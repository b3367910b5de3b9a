#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/options.h"
#include "sweep/inputs.h"
#include "sweep/slurm/executor.h"
#include "sweep/sweep.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The options of `runner sweep`.
std::vector<OptionGroup> sweep_options();

/// What they ask for. Throws Error, naming the option, for a value that is not possible.
SweepSpec read_sweep_options(const Values& values);

/// How Slurm is to make the runs; nothing with the local executor. Throws Error for options that belong to
/// the other.
std::optional<SlurmSettings> read_slurm_options(const Values& values);

/// What options stand for that were not given and have no default of their own, by name: jobs, the suite's
/// model and the like.
std::map<std::string, std::string> settled_options(const SweepSpec& spec, const Inputs& inputs);

/// Of these, what a run alone has, too: fills in the recipe, the protocol, the ledger and the inputs.
void read_run_options(SweepSpec& spec, const Values& values);

/// Prints on standard error what a user should know before the runs are made.
void print_warnings(const Plan& plan);

/// Prints on standard error what was not done, and why.
void print_shortcomings(const SweepOutcome& outcome);

}  // namespace promptbed
