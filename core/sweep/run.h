#pragma once

#include <iosfwd>

#include "sweep/open_caches.h"
#include "sweep/plan.h"
#include "sweep/workbench.h"

namespace promptbed {

/// Makes a claimed run and puts it on record: trains the method on the run's draw and keeps the prompt, or
/// takes the prompt that was trained before, and makes the tests that are missing. Where a method cannot
/// serve a test's classes the reason is kept instead of a score; what else goes wrong with another dataset
/// than the run's own leaves that test out. Each step is told on `log`. Throws Error where the method, the
/// cache or the ledger fails, Interrupted on Ctrl-C; a prompt that was trained by then is kept.
void make_run(const PlannedRun& run, OpenCaches& caches, Workbench& bench, std::ostream& log);

}  // namespace promptbed
