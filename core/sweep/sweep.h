#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// A run that could not be done, and why.
struct Failure {
  std::string run;  ///< its title
  std::string reason;
};

/// What became of a plan's runs.
struct SweepReport {
  int64_t made = 0;       ///< done now
  int64_t present = 0;    ///< done before
  int64_t elsewhere = 0;  ///< not done here: taken by another process, or its worker died
  std::vector<Failure> failures;
  std::vector<std::string> accidents;  ///< worker processes that died, one line each
};

/// Starts as many worker processes as the sweep has jobs, which do the given runs among them, and returns
/// when they have ended: one line for each that died. Calls `watch` a few times a second meanwhile.
using StartWorkers = std::function<std::vector<std::string>(
    const std::vector<const PlannedRun*>& runs, int64_t jobs, const std::function<void()>& watch)>;

/// Extracts the features that the plan needs, then does its pending runs: in this process, or with
/// `start_workers` where the sweep has several jobs. A run that fails does not stop the others. Throws Error
/// where the cache or the ledger cannot be used, before any work, and Interrupted on Ctrl-C; what is finished
/// is kept.
SweepReport run_sweep(const Plan& plan, Workbench& bench, const StartWorkers& start_workers,
                      std::ostream& log);

/// Does runs of the plan one after the other, leaving out those that another process has taken since they
/// were planned. Calls `after_run` with each run that was tried: "" or why it failed.
void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench,
             const std::function<void(const PlannedRun&, const std::string& fault)>& after_run);

}  // namespace promptbed
