#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/job_queue.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// Who makes the jobs of a sweep, and where.
struct Executor {
  /// Has all jobs of a queue made, and returns when that is done or the queue stops.
  std::function<void(JobQueue& queue)> make_jobs;

  /// Has features extracted where that is not done in this process. The jobs of the queue may come before it
  /// is done: whoever makes them has to wait.
  std::function<void(std::vector<Extraction> missing)> extract = nullptr;
};

/// Extracts the features that the plan needs, or leaves that to the executor, and has its pending runs made
/// by it. A run that fails stops the others only if the sweep is to stop at the first failure. This process
/// alone writes the ledger. Throws Error if the features or the ledger cannot be used, before any work, and
/// Interrupted on Ctrl-C; what is finished is kept.
SweepOutcome run_sweep(const Plan& plan, const SweepSpec& spec, Workbench& bench, const Executor& executor,
                       std::ostream& log);

/// "10 runs: 8 done now, 1 done before, 1 failed"
std::string summary(const SweepOutcome& outcome, const Plan& plan);

/// What was not done and why: a line for each reason, however many runs it stopped.
std::vector<std::string> shortcomings(const SweepOutcome& outcome);

/// Whether all runs of the plan are done.
bool is_complete(const SweepOutcome& outcome);

}  // namespace promptbed
