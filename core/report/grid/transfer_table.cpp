#include "report/grid/transfer_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>

#include "data/suites/suite.h"
#include "report/grid/grid_notes.h"
#include "report/select/run_selection.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

constexpr const char* kClassSet = "all";

/// The dataset that the query names, or else the only one that a method was trained on.
std::string source_of(const Ledger& ledger, const RunSelection& selection, const ReportQuery& query) {
  std::set<std::string> sources;
  for (const SelectedRun& run : selection.runs) {
    if (run.is_trained()) sources.insert(run.spec().dataset);
  }
  if (!query.source.empty() && !sources.empty() && !sources.contains(query.source)) {
    throw Error(fmt::format("--source {}: no method was trained on it; choose among {}", query.source,
                            fmt::join(sources, ", ")));
  }
  if (!query.source.empty()) return query.source;
  if (sources.size() == 1) return *sources.begin();
  throw Error(sources.empty()
                  ? fmt::format("{}: has no trained method to tell the source by; name it with --source",
                                ledger.path().string())
                  : fmt::format("{}: has methods trained on {}; choose one with --source",
                                ledger.path().string(), fmt::join(sources, ", ")));
}

/// Takes out the targets of the other protocol.
void keep_those_of(const std::string& protocol, std::set<std::string>& targets, const std::string& source,
                   const Shifts& shifts) {
  const auto is_shifted = [&](const std::string& target) {
    const auto found = shifts.find(target);
    return found != shifts.end() && found->second == source;
  };
  if (std::ranges::none_of(targets, is_shifted)) return;
  std::erase_if(targets,
                [&](const std::string& target) { return is_shifted(target) != (protocol == "domain"); });
}

/// The datasets other than the source that a method trained on it was tested on; where none is trained, those
/// that the others were.
std::vector<std::string> targets_of(const RunSelection& selection, const std::string& source,
                                    const ReportQuery& query, const std::string& protocol,
                                    const Shifts& shifts) {
  if (!query.datasets.empty()) {
    std::vector<std::string> targets = query.datasets;
    std::erase(targets, source);
    return targets;
  }
  std::set<std::string> of_trained, of_all;
  for (const SelectedRun& run : selection.runs) {
    for (const Score& score : run.scores) {
      if (score.class_set != kClassSet || score.dataset == source) continue;
      of_all.insert(score.dataset);
      if (run.is_trained() && run.spec().dataset == source) of_trained.insert(score.dataset);
    }
  }
  std::set<std::string>& targets = of_trained.empty() ? of_all : of_trained;
  keep_those_of(protocol, targets, source, shifts);
  return in_order({targets.begin(), targets.end()}, query);
}

/// What the runs of a series scored on a dataset: those trained on the source, or the one made there.
Accuracy accuracy_on(const Series& series, const std::string& source, const std::string& dataset) {
  Runs runs;
  for (const SelectedRun* run : series.runs) {
    if (run->spec().dataset == (run->is_trained() ? source : dataset)) runs.push_back(run);
  }
  return accuracy_of(runs, dataset, kClassSet);
}

TransferColumn fill(const Series& series, const TransferTable& table) {
  TransferColumn column{.method = series.method,
                        .variant = series.variant,
                        .source = accuracy_on(series, table.source, table.source),
                        .targets = {},
                        .average = {},
                        .spec = {}};
  for (const std::string& target : table.targets)
    column.targets.push_back(accuracy_on(series, table.source, target));
  std::vector<const Accuracy*> all;
  for (const Accuracy& accuracy : column.targets) all.push_back(&accuracy);
  column.average = average_over(table.targets, all);
  if (const Runs runs = runs_on(series.runs, table.source); !runs.empty()) column.spec = runs.front()->spec();
  return column;
}

bool lacks_something(const TransferTable& table, const TransferColumn& column) {
  return !column.average.missing.empty() || std::ranges::any_of(column.targets, [&](const Accuracy& on) {
    return lacks_seeds(on, table.seeds);
  });
}

std::vector<std::string> notes_on(const TransferTable& table) {
  std::vector<std::string> notes;
  std::set<std::string> refusals;
  for (const TransferColumn& column : table.columns) {
    for (const Accuracy& on : column.targets) {
      if (!on.refusal.empty()) refusals.insert(on.refusal);
    }
  }
  append(notes, note_refusals(refusals));
  for (const TransferColumn& column : table.columns) {
    append(notes, note_missing_datasets(column.label(), column.average.missing, table.targets.size()));
    std::vector<std::pair<std::string, const Accuracy*>> found = {{table.source, &column.source}};
    for (size_t i = 0; i < table.targets.size(); ++i)
      found.emplace_back(table.targets[i], &column.targets[i]);
    append(notes, note_missing_seeds(column.label(), found, table.seeds));
  }
  return notes;
}

std::string title_of(const TransferTable& table) {
  const char* what = table.protocol == "domain" ? "Domain generalisation (%)" : "Cross-dataset transfer (%)";
  return fmt::format("{}, trained on {}{}{}", what, table.source, at_shots(table.shots),
                     over_seeds(table.seeds, table.spread));
}

}  // namespace

Report TransferTable::report() const {
  Table shown{
      .title = title_of(*this), .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  for (const TransferColumn& column : columns)
    shown.columns.push_back({column.label(), Alignment::right, "", "%"});
  Table records{.title = shown.title, .columns = {}, .rows = {}, .notes = notes};
  for (const char* name : {"role", "dataset", "method", "variant"}) records.columns.push_back({name});
  for (const char* name : {"accuracy", "accuracy_sd"})
    records.columns.push_back({name, Alignment::right, "", "%"});
  for (const char* name : {"seeds", "shots", "complete", "refusal"}) records.columns.push_back({name});

  const auto append_row = [&](const char* role, const std::string& dataset, const std::string& heading,
                              const auto& accuracy_in, const auto& is_complete) {
    auto& row = shown.rows.emplace_back(std::vector<Cell>{heading});
    for (const TransferColumn& column : columns) {
      const Accuracy& accuracy = accuracy_in(column);
      const bool complete = accuracy.mean && is_complete(column, accuracy);
      row.push_back(to_cell(accuracy, spread));
      row.back().incomplete = accuracy.mean && !complete;
      const bool trained = accuracy.is_trained();
      records.rows.push_back({role, dataset, column.method, column.variant, exact(accuracy.mean),
                              exact(promptbed::spread(accuracy, Spread::deviation)), seed_list(accuracy),
                              trained && shots ? count(*shots) : Cell(), flag(complete), accuracy.refusal});
    }
  };
  const auto has_seeds = [&](const TransferColumn&, const Accuracy& on) { return !lacks_seeds(on, seeds); };
  append_row(
      "source", source, source + " (source)",
      [](const TransferColumn& column) -> const Accuracy& { return column.source; }, has_seeds);
  for (size_t i = 0; i < targets.size(); ++i) {
    append_row(
        "target", targets[i], targets[i],
        [&](const TransferColumn& column) -> const Accuracy& { return column.targets[i]; }, has_seeds);
  }
  shown.summary_rows = {shown.rows.size()};
  append_row(
      "average", "average", "Average of targets",
      [](const TransferColumn& column) -> const Accuracy& { return column.average.accuracy; },
      [&](const TransferColumn& column, const Accuracy&) { return !lacks_something(*this, column); });
  mark_best_in_rows(shown);
  return {std::move(shown), std::move(records)};
}

Shifts shifts_in(const std::filesystem::path& suites) {
  Shifts shifts;
  for (const Suite& suite : read_suites(suites)) {
    if (suite.shifts.empty()) continue;
    for (const DatasetSpec& dataset : suite.datasets) shifts[dataset.id] = suite.shifts;
  }
  return shifts;
}

TransferTable transfer_table(const Ledger& ledger, const ReportQuery& asked, const std::string& protocol,
                             const Shifts& shifts) {
  ReportQuery query = asked;
  query.datasets.clear();  // they are targets, and a trained run is one on the source
  TransferTable table;
  table.protocol = protocol;
  table.spread = query.spread;
  table.shots = chosen_shots(ledger, query, protocol);
  if (table.shots) query.shots = {*table.shots};
  RunSelection selection = select_runs(ledger, query, protocol);
  table.source = source_of(ledger, selection, query);
  std::erase_if(selection.runs, [&](const SelectedRun& run) {
    return run.is_trained() && run.spec().dataset != table.source;
  });
  table.seeds = seeds_of(selection, query);
  table.targets = targets_of(selection, table.source, asked, protocol, shifts);
  for (const Series& series : series_of(selection, query)) table.columns.push_back(fill(series, table));
  table.notes = notes_on(table);
  append(table.notes, selection.notes);
  return table;
}

Comparison comparison_of(const TransferTable& table) {
  Comparison comparison{.setting = fmt::format(", trained on {}{}{}", table.source, at_shots(table.shots),
                                               of_seeds(table.seeds)),
                        .measures = {"Accuracy"},
                        .datasets = {table.source + " (source)"},
                        .beside_mean = 1,
                        .sides = {},
                        .notes = table.notes};
  comparison.datasets.insert(comparison.datasets.end(), table.targets.begin(), table.targets.end());
  for (const TransferColumn& column : table.columns) {
    Comparison::Side& side = comparison.sides.emplace_back();
    side.label = column.label();
    auto& accuracies = side.accuracies.emplace_back(std::vector<Accuracy>{column.source});
    accuracies.insert(accuracies.end(), column.targets.begin(), column.targets.end());
  }
  return comparison;
}

}  // namespace promptbed
