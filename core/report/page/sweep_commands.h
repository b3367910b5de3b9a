#pragma once

#include <set>
#include <string>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/run_selection.h"

namespace promptbed {

/// Whether all these datasets are of a suite.
bool holds(const Suite& suite, const std::set<std::string>& datasets);

/// Commands of `runner sweep` that make these runs, with every option and number of their recipes given: they
/// do so even where the defaults have changed since. Runs with the same settings share a command. Paths are
/// no part of a ledger: MODEL, DATA and DRAWS stand for them where the suite, one of `suites`, does not embed
/// them.
std::vector<std::string> sweep_commands(const RunSelection& selection, const std::vector<Suite>& suites);

}  // namespace promptbed
