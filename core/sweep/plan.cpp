#include "sweep/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sweep/features.h"

namespace promptbed {
namespace {

/// How many runs of a cell there are.
struct Tally {
  int64_t runs = 0, done = 0, trained = 0, blocked = 0;
};

std::string cell_of(const Tally& cell) {
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
    if (!run.obstacle.empty()) {
      ++cell.blocked;
    } else if (run.done()) {
      ++cell.done;
    } else if (run.job.kept_state) {
      ++cell.trained;
    }
  }
  return cell;
}

}  // namespace

std::vector<const PlannedRun*> Plan::pending() const {
  std::vector<const PlannedRun*> chosen;
  for (const PlannedRun& run : runs) {
    if (run.obstacle.empty() && !run.done()) chosen.push_back(&run);
  }
  return chosen;
}

Table dry_run_table(const Plan& plan, const SweepSpec& spec, const Inputs& inputs) {
  const auto pending = plan.pending();
  Table table;
  table.title = fmt::format("{}, {} to be done", plural(plan.runs.size(), "run"), pending.size());
  table.columns.push_back({"Dataset", Alignment::left});
  for (const std::string& method : spec.methods) table.columns.push_back({method});
  table.columns.push_back({"Images to encode"});
  const std::vector<Extraction> needed = extractions_of(plan, pending, inputs);
  for (size_t i = 0; i < plan.datasets.size(); ++i) {
    const std::string& dataset = plan.datasets[i]->spec.id;
    std::vector<Cell> row = {dataset};
    for (const std::string& method : spec.methods) row.push_back(cell_of(count_runs(plan, dataset, method)));
    row.push_back(std::to_string(needed[i].missing));
    table.rows.push_back(std::move(row));
  }
  const auto reads_features = [](const PlannedRun& run) { return !run.needs.pixels; };
  if (std::ranges::any_of(plan.runs, reads_features)) table.notes.push_back(inputs.feature_source());
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty())
      table.notes.push_back(fmt::format("{} cannot run: {}", run.title(), run.obstacle));
  }
  return table;
}

std::optional<std::string> usable_training(const PlannedRun& run, const RunState& state,
                                           const std::filesystem::path& ledger) {
  if (!state.kept_state) return std::nullopt;
  if (!run.method->trainable()) return "";
  if (!std::filesystem::exists(prompt_path(ledger, run.id))) return std::nullopt;
  return state.kept_state;
}

KnownRuns::KnownRuns(const Ledger* ledger, const More& more) {
  if (ledger == nullptr) return;
  for (RunRecord& record : ledger->list()) {
    const std::string id = record.id;
    runs_.emplace(id, std::move(record));
  }
  for (const auto& [run, score] : ledger->scores())
    tests_.insert({run, score.dataset, score.split_hash, score.class_set});
  for (const auto& [run, refusal] : ledger->refusals())
    tests_.insert({run, refusal.dataset, refusal.split_hash, refusal.class_set});
  if (more.tracked) {
    for (const auto& [run, tracked] : ledger->tracked()) tracked_.insert(run);
  }
  if (!more.measurements) return;
  for (const auto& [run, refusal] : ledger->refusals())
    measured_.insert({run, refusal.dataset, refusal.class_set});
  for (const auto& [run, measurement] : ledger->measurements())
    measured_.insert({run, measurement.dataset, measurement.class_set});
}

const RunRecord* KnownRuns::find(const std::string& run) const {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : &found->second;
}

bool KnownRuns::has(const std::string& run, const JobTest& test) const {
  return tests_.contains({run, test.dataset, test.test_set(), std::string(to_string(test.classes))});
}

bool KnownRuns::has_measured(const std::string& run, const JobTest& test) const {
  return has(run, test) && measured_.contains({run, test.dataset, std::string(to_string(test.classes))});
}

}  // namespace promptbed
