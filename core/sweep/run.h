#pragma once

#include "features/feature_cache.h"
#include "results/run_record.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// PlannedRun -> RunOutcome: trains the method on the run's draw and tests it on the base and the new
/// classes. Saves the trained prompt. Throws Error where the method or the cache fails, Interrupted on
/// Ctrl-C.
RunOutcome make_run(const PlannedRun& run, const FeatureCache& cache, Workbench& bench);

}  // namespace promptbed
