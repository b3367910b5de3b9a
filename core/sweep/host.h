#pragma once

#include "results/run_record.h"
#include "sweep/workbench.h"

namespace promptbed {

/// What the ledger keeps of the machine, the libraries and the code that a run of this method is made with;
/// phases, cache hits and peak memory are filled in by the run.
Execution describe_execution(const Workbench& bench, const Method& method);

}  // namespace promptbed
