#include "report/grid/run_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "report/grid/accuracy.h"
#include "report/select/run_list.h"

namespace promptbed {
namespace {

/// (run, class set) -> percent, on the run's own dataset; nothing where the method cannot serve the classes.
using Accuracies = std::map<std::pair<std::string, std::string>, std::optional<double>>;

Accuracies accuracies_of(const Ledger& ledger, const std::vector<RunRecord>& runs) {
  std::map<std::string, std::string> own_dataset;
  for (const RunRecord& run : runs) own_dataset[run.id] = run.spec.dataset;
  Accuracies accuracies;
  for (const auto& [run, score] : ledger.scores()) {
    if (own_dataset[run] == score.dataset) accuracies[{run, score.class_set}] = score.accuracy;
  }
  for (const auto& [run, refusal] : ledger.refusals()) {
    if (own_dataset[run] == refusal.dataset) accuracies[{run, refusal.class_set}] = std::nullopt;
  }
  return accuracies;
}

std::vector<RunRecord> runs_to_show(const Ledger& ledger, const ReportQuery& query) {
  std::vector<RunRecord> runs = list_runs(ledger, query, "");
  if (runs.empty()) {
    throw Error(
        ledger.list().empty()
            ? fmt::format("{}: holds no run; run `runner sweep` first", ledger.path().string())
            : fmt::format("{}: holds no run with these choices; leave some out", ledger.path().string()));
  }
  return runs;
}

Cell if_trained(const RunRecord& run, int64_t value, const char* otherwise) {
  return run.spec.classes.empty() ? Cell(otherwise) : count(value);
}

}  // namespace

Report run_report(const Ledger& ledger, const ReportQuery& query) {
  const std::vector<RunRecord> runs = runs_to_show(ledger, query);
  const Accuracies accuracies = accuracies_of(ledger, runs);
  const auto accuracy = [&](const RunRecord& run, const char* class_set) -> Cell {
    const auto found = accuracies.find({run.id, class_set});
    if (found == accuracies.end()) return "-";
    return found->second ? Cell(fmt::format("{:.2f}", *found->second), *found->second) : Cell("cannot");
  };
  const auto exact_accuracy = [&](const RunRecord& run, const char* class_set) {
    const auto found = accuracies.find({run.id, class_set});
    return exact(found == accuracies.end() ? std::nullopt : found->second);
  };
  Table shown{.title = fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s"),
              .columns = {{"Id", Alignment::left},
                          {"Method", Alignment::left},
                          {"Dataset", Alignment::left},
                          {"Shots"},
                          {"Seed"},
                          {"Status", Alignment::left},
                          {"Base", Alignment::right, "", "%"},
                          {"New", Alignment::right, "", "%"},
                          {"All", Alignment::right, "", "%"},
                          {"Ended (UTC)", Alignment::left}},
              .rows = {},
              .notes = {}};
  Table records{.title = shown.title, .columns = {}, .rows = {}, .notes = {}};
  for (const char* name :
       {"id", "protocols", "method", "dataset", "classes", "shots", "seed", "status", "attempts"})
    records.columns.push_back({name});
  for (const char* name : {"base", "new", "all"})
    records.columns.push_back({name, Alignment::right, "", "%"});
  for (const char* name : {"ended", "error"}) records.columns.push_back({name});
  for (const RunRecord& run : runs) {
    const std::string status(to_string(run.status));
    shown.rows.push_back({run.id, run.spec.method, run.spec.dataset, if_trained(run, run.spec.shots, "-"),
                          if_trained(run, run.spec.seed, "-"), status, accuracy(run, "base"),
                          accuracy(run, "new"), accuracy(run, "all"), run.ended});
    records.rows.push_back({run.id, fmt::format("{}", fmt::join(run.protocols, " ")), run.spec.method,
                            run.spec.dataset, run.spec.classes, if_trained(run, run.spec.shots, ""),
                            if_trained(run, run.spec.seed, ""), status, count(run.attempts),
                            exact_accuracy(run, "base"), exact_accuracy(run, "new"),
                            exact_accuracy(run, "all"), run.ended, run.error});
  }
  return {std::move(shown), std::move(records)};
}

Report failure_report(const Ledger& ledger, const ReportQuery& query) {
  std::vector<RunRecord> runs = runs_to_show(ledger, query);
  std::erase_if(runs, [](const RunRecord& run) { return run.error.empty(); });
  Table shown{.title = fmt::format("{} run{} with a failure", runs.size(), runs.size() == 1 ? "" : "s"),
              .columns = {{"Id", Alignment::left},
                          {"Method", Alignment::left},
                          {"Dataset", Alignment::left},
                          {"Shots"},
                          {"Seed"},
                          {"Status", Alignment::left},
                          {"Attempts"},
                          {"Error", Alignment::left}},
              .rows = {},
              .notes = {}};
  Table records{.title = shown.title, .columns = {}, .rows = {}, .notes = {}};
  for (const char* name :
       {"id", "method", "dataset", "shots", "seed", "status", "attempts", "ended", "error"})
    records.columns.push_back({name});
  for (const RunRecord& run : runs) {
    const std::string status(to_string(run.status));
    shown.rows.push_back({run.id, run.spec.method, run.spec.dataset, if_trained(run, run.spec.shots, "-"),
                          if_trained(run, run.spec.seed, "-"), status, count(run.attempts), run.error});
    records.rows.push_back({run.id, run.spec.method, run.spec.dataset, if_trained(run, run.spec.shots, ""),
                            if_trained(run, run.spec.seed, ""), status, count(run.attempts), run.ended,
                            run.error});
  }
  return {std::move(shown), std::move(records)};
}

}  // namespace promptbed
