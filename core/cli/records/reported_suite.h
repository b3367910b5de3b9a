#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "report/grid/tables.h"
#include "results/ledger.h"

namespace promptbed {

/// Lets a request be for the datasets of the suite that the user names, or else, unless datasets are named,
/// puts those of the ledger in the order of their suites. Throws Error for an unknown suite, for one that the
/// ledger has no run on, and where none is named and a table of one suite has runs on several.
void choose_suite(TableRequest& request, const Ledger& ledger, const std::optional<std::string>& suite,
                  const std::filesystem::path& suites);

}  // namespace promptbed
