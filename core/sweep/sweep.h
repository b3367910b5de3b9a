#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/plan.h"
#include "sweep/workbench.h"
#include "sweep/workers.h"

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
  int64_t left_out = 0;   ///< not begun, since another failed and the sweep stops at the first failure
  std::vector<Failure> failures;
  std::vector<std::string> accidents;  ///< worker processes that ended badly without a run, one line each
};

/// Decides what follows the end of a worker: the runs for another in its place, or none.
using AfterWorkerRuns = std::function<std::vector<const PlannedRun*>(const WorkerEnd& end)>;

/// Starts that many worker processes, which do the given runs among them, and returns when they have ended.
/// Calls `watch` a few times a second meanwhile, and asks the workers to stop where it says so; calls
/// `after_worker` when one has ended.
using StartWorkers =
    std::function<void(const std::vector<const PlannedRun*>& runs, int64_t jobs,
                       const std::function<Watch()>& watch, const AfterWorkerRuns& after_worker)>;

/// Extracts the features that the plan needs, then does its pending runs in as many worker processes as the
/// sweep has jobs, those that failed as often again as it has retries. A run that fails does not stop the
/// others, even where it takes its process down, unless the sweep is to stop at the first failure. Throws
/// Error where the cache or the ledger cannot be used, before any work, and Interrupted on Ctrl-C; what is
/// finished is kept. Tells the plan how the runs stand before they are tried once more.
SweepReport run_sweep(Plan& plan, Workbench& bench, const StartWorkers& start_workers, std::ostream& log);

/// A worker's part: does runs of the plan one after the other, leaving out those that another process has
/// taken since they were planned. How each went stands in the ledger afterwards.
void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench);

}  // namespace promptbed
