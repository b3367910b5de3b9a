#include "report/select/run_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>
#include <string>

namespace promptbed {
namespace {

void check_conditions(const std::vector<Condition>& conditions, const std::vector<RunRecord>& runs) {
  if (runs.empty()) return;
  for (const Condition& condition : conditions) {
    std::set<std::string> known;
    for (const RunRecord& run : runs) {
      if (condition.method.empty() || condition.method == run.spec.method)
        known.merge(setting_names(run.spec));
    }
    if (known.contains(condition.setting)) continue;
    throw Error(known.empty() ? fmt::format("--where {}: has no runs of {} to choose among", condition.text(),
                                            condition.method)
                              : fmt::format("--where {}: no such setting; known: {}", condition.text(),
                                            fmt::join(known, ", ")));
  }
}

}  // namespace

std::vector<RunRecord> list_runs(const Ledger& ledger, const ReportQuery& query, std::string_view protocol,
                                 std::optional<RunStatus> status) {
  std::vector<RunRecord> runs = ledger.list({.datasets = query.datasets,
                                             .methods = query.methods,
                                             .shots = query.shots,
                                             .seeds = query.seeds,
                                             .model = query.model,
                                             .protocol = std::string(protocol)});
  check_conditions(query.where, runs);
  std::erase_if(runs, [&](const RunRecord& run) {
    return (status && run.status != *status) ||
           std::ranges::any_of(query.where,
                               [&](const Condition& condition) { return !satisfies(condition, run.spec); });
  });
  return runs;
}

}  // namespace promptbed
