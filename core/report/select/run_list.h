#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "report/select/report_query.h"
#include "results/ledger.h"

namespace promptbed {

/// The ledger's runs that the query takes and `protocol` ("" for any) asked for, of any status unless one is
/// given, by method, dataset, shots and seed. Throws Error for a condition on a setting that none of them
/// has, listing those that they have.
std::vector<RunRecord> list_runs(const Ledger& ledger, const ReportQuery& query, std::string_view protocol,
                                 std::optional<RunStatus> status = {});

}  // namespace promptbed
