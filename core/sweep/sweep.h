#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// What became of a plan's runs.
struct SweepReport {
  int64_t made = 0;                   ///< done now
  int64_t present = 0;                ///< done before
  int64_t elsewhere = 0;              ///< at work in another process
  std::vector<std::string> failures;  ///< one line each: which run, and why
};

/// Starts worker processes that do the runs with these ids, and returns when they have ended. Calls `watch` a
/// few times a second meanwhile.
using StartWorkers = std::function<void(const std::vector<std::string>& run_ids, int64_t jobs,
                                        const std::function<void()>& watch)>;

/// Extracts the features that the plan needs, then does its pending runs: in this process, or with
/// `start_workers` where the sweep has several jobs. A run that fails does not stop the others. Throws
/// Interrupted on Ctrl-C; what is finished is kept.
SweepReport run_sweep(const Plan& plan, Workbench& bench, const StartWorkers& start_workers,
                      std::ostream& log);

/// Does runs of the plan one after the other, leaving out those that another process has claimed or finished.
/// Calls `after_run` with the outcome for people: "" or why the run failed.
void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench,
             const std::function<void(const PlannedRun&, const std::string& fault)>& after_run);

}  // namespace promptbed
