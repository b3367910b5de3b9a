#pragma once

#include <string>
#include <vector>

#include "report/select/selection.h"
#include "table/table.h"

namespace promptbed {

/// One row per run, of any status: what it is of, how far it is, and its accuracies on the classes of its own
/// dataset.
Report run_report(const Runs& runs);

/// Those that failed, and why; a run that is done is among them if a test of it could not be made. Without
/// any, a table of no rows.
Report failure_report(Runs runs);

/// "ID: what went wrong" for each run with an error.
std::vector<std::string> note_errors(const Runs& runs);

}  // namespace promptbed
