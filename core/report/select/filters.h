#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/select/query.h"
#include "report/select/selection.h"

namespace promptbed {

/// The runs that a query takes.
using TakenRuns = std::function<Runs(const ReportQuery& query)>;

/// The filter for which a query takes nothing, as an error's end says it: "--methods coopp; choose among
/// coop", or "--shots 3 and the other choices; choose among 4, 16". One is to blame, too, where it leaves
/// runs alone that it does not concern, such as untrained ones: a table of these would be taken for an
/// answer. Nothing if there is none, or no run that the filter could have taken.
std::optional<std::string> blame_filter(const ReportQuery& query, const TakenRuns& taken);

/// A warning for each filter of which some values are held by no run of the ledger, such as misspelt names:
/// "--methods coopp: no run has that; choose among cocoop, coop".
std::vector<std::string> unmatched_values(const Snapshot& snapshot, const ReportQuery& query);

/// The same as runs_in, but throws Error where a filter is to blame.
Runs found_runs(const Snapshot& snapshot, const ReportQuery& query, std::optional<Protocol> protocol = {},
                std::optional<RunStatus> status = {});

}  // namespace promptbed
