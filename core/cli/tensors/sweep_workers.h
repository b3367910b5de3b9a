#pragma once

#include "cli/command.h"
#include "sweep/plan.h"
#include "sweep/sweep.h"
#include "sweep/workbench.h"

namespace promptbed {

/// The last word of a worker's command line: it does runs that it reads from standard input.
inline constexpr const char* kSweepWorker = "--worker";

/// A worker's part: does those of the plan's runs that stand on standard input, and returns an exit code.
/// What goes wrong with a run stands in the ledger, where the sweep reads it.
int do_work_of_sweep(Plan plan, Workbench& bench);

/// Starts workers by `runner sweep` with these arguments. `watch` is called, too, whenever the sweep looks
/// after its runs.
StartWorkers sweep_workers(
    Arguments arguments, std::function<void()> watch = [] {});

/// Tells on standard error what a user should know before the runs are made.
void print_warnings(const Plan& plan, const Workbench& bench);

/// Tells on standard error what was not done, one line for each reason, however many runs it stopped.
void print_failures(const SweepReport& report);

}  // namespace promptbed
