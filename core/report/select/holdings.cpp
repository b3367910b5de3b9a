#include "report/select/holdings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "report/select/run_list.h"

namespace promptbed {
namespace {

/// "coop (1, 16 shots), clip_zeroshot"
std::string describe(const std::vector<RunRecord>& runs) {
  std::map<std::string, std::set<int64_t>> shots;
  for (const RunRecord& run : runs) {
    auto& of_method = shots[run.spec.method];
    if (!run.spec.classes.empty()) of_method.insert(run.spec.shots);
  }
  std::vector<std::string> parts;
  for (const auto& [method, counts] : shots) {
    parts.push_back(counts.empty() ? method : fmt::format("{} ({} shots)", method, fmt::join(counts, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string holdings(const Ledger& ledger, std::string_view protocol) {
  if (!protocol.empty()) return describe(list_runs(ledger, {}, protocol, RunStatus::done));
  std::set<std::string> protocols;
  for (const RunRecord& run : ledger.list({.status = RunStatus::done}))
    protocols.insert(run.protocols.begin(), run.protocols.end());
  std::vector<std::string> parts;
  for (const std::string& each : protocols)
    parts.push_back(fmt::format("{} runs of {}", each, holdings(ledger, each)));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace promptbed
