#pragma once

#include <set>
#include <string>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/selection.h"

namespace promptbed {

/// Whether a suite has all these datasets.
bool holds(const Suite& suite, const std::set<std::string>& datasets);

/// The `runner sweep` commands that repeat these runs, with every option and every number of their recipes,
/// so that they do so even if defaults have changed since. Runs with the same settings share a command. Paths
/// are not in a ledger: MODEL, DATA and DRAWS stand for them if the suite, one of `suites`, does not embed
/// them.
std::vector<std::string> sweep_commands(const RunSelection& selection, const std::vector<Suite>& suites);

}  // namespace promptbed
