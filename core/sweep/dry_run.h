#pragma once

#include "sweep/plan.h"
#include "table/table.h"

namespace promptbed {

/// What a sweep would do: datasets by methods, how many runs of each are done and how many pictures have to
/// be encoded; as notes, where features come from, and what cannot run and why.
Table dry_run_table(const Plan& plan, const Workbench& bench);

}  // namespace promptbed
