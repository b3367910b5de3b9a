#pragma once

#include "features/feature_cache.h"
#include "results/run_record.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// A finished run before it is put on record.
struct MadeRun {
  RunOutcome outcome;
  NamedTensors state;  ///< the trained prompt, on the CPU; empty without training
};

/// PlannedRun -> MadeRun: trains the method on the run's draw and tests it on the base and the new classes.
/// Of a method that cannot serve the new ones the reason is kept instead of a score. Throws Error where the
/// method or the cache fails, Interrupted on Ctrl-C.
MadeRun make_run(const PlannedRun& run, const FeatureCache& cache, Workbench& bench);

/// Writes the trained prompt, to be tested on other classes and datasets later, and then the outcome into the
/// ledger.
void put_on_record(const MadeRun& made, const PlannedRun& run, Workbench& bench);

}  // namespace promptbed
