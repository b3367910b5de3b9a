#pragma once

#include <iosfwd>

#include "results/run_record.h"
#include "sweep/open_caches.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// A finished run before it is put on record.
struct MadeRun {
  RunOutcome outcome;  ///< of a prompt that was trained before: what was added to it
  NamedTensors state;  ///< the trained prompt, on the CPU; empty without training
};

/// PlannedRun -> MadeRun: trains the method on the run's draw, or takes the prompt that was trained before,
/// and makes the tests that are missing. Where a method cannot serve a test's classes the reason is kept
/// instead of a score; what else goes wrong with another dataset than the run's own leaves that test out.
/// Each step is told on `log`. Throws Error where the method or the cache fails, Interrupted on Ctrl-C.
MadeRun make_run(const PlannedRun& run, OpenCaches& caches, Workbench& bench, std::ostream& log);

/// Writes the trained prompt, to be tested on other classes and datasets later, and then the outcome into the
/// ledger.
void put_on_record(const MadeRun& made, const PlannedRun& run, Workbench& bench);

}  // namespace promptbed
