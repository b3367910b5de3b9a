#include "sweep/dry_run.h"

#include <fmt/format.h>

#include "sweep/features.h"

namespace promptbed {
namespace {

/// How many runs of a cell there are.
struct Tally {
  int64_t runs = 0, done = 0, trained = 0, blocked = 0;
};

std::string describe(const Tally& cell) {
  if (cell.runs == 0) return "-";
  if (cell.blocked == cell.runs) return "cannot run";
  std::string text = cell.done == cell.runs ? "done" : fmt::format("{} of {} done", cell.done, cell.runs);
  if (cell.trained > 0) text += fmt::format(", {} to be tested on more", cell.trained);
  if (cell.blocked > 0) text += fmt::format(", {} cannot run", cell.blocked);
  return text;
}

Tally count_runs(const Plan& plan, const std::string& dataset, const std::string& method) {
  Tally cell;
  for (const PlannedRun& run : plan.runs) {
    if (run.dataset->spec.id != dataset || run.method->name() != method) continue;
    ++cell.runs;
    if (!run.obstacle.empty()) ++cell.blocked;
    if (run.obstacle.empty() && run.done()) ++cell.done;
    if (run.obstacle.empty() && !run.done() && run.trained) ++cell.trained;
  }
  return cell;
}

}  // namespace

Table dry_run_table(const Plan& plan, const Workbench& bench) {
  const auto pending = plan.pending();
  Table table;
  table.title = fmt::format("{} runs, {} to be done", plan.runs.size(), pending.size());
  table.columns.push_back({"Dataset", Alignment::left});
  for (const std::string& method : bench.spec().methods) table.columns.push_back({method});
  table.columns.push_back({"Pictures to encode"});
  const std::vector<int64_t> missing = count_missing_pictures(plan, pending, bench.inputs());
  for (size_t i = 0; i < plan.datasets.size(); ++i) {
    const std::string& dataset = plan.datasets[i]->spec.id;
    std::vector<Cell> row = {dataset};
    for (const std::string& method : bench.spec().methods)
      row.push_back(describe(count_runs(plan, dataset, method)));
    row.push_back(std::to_string(missing[i]));
    table.rows.push_back(std::move(row));
  }
  table.notes.push_back(bench.inputs().feature_source());
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty())
      table.notes.push_back(fmt::format("{} cannot run: {}", run.title(), run.obstacle));
  }
  return table;
}

}  // namespace promptbed
