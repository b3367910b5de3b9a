#include "results/base_new_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "results/base_new_runs.h"
#include "results/statistics.h"
#include "results/variants.h"

namespace promptbed {
namespace {

using Runs = std::vector<const BaseNewRun*>;

/// What was asked for, or else what the runs have, sorted.
template <class Value, class Field>
std::vector<Value> asked_or_found(const std::vector<Value>& asked, const Runs& runs, const Field& field) {
  if (!asked.empty()) return asked;
  std::set<Value> found;
  for (const BaseNewRun* run : runs) found.insert(field(run->record.spec));
  return {found.begin(), found.end()};
}

template <class Condition>
Runs those(const Runs& runs, const Condition& condition) {
  Runs kept;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(kept), condition);
  return kept;
}

std::optional<double> mean_or_none(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return mean(values);
}

double deviation_or_zero(const std::vector<double>& values) {
  return values.empty() ? 0 : standard_deviation(values);
}

/// H of two means, where there are both.
std::optional<double> h_of(const std::optional<double>& base, const std::optional<double>& unseen) {
  if (!base || !unseen) return std::nullopt;
  return harmonic_mean(*base, *unseen);
}

/// The runs of one variant on one dataset, which differ in their seeds.
BaseNewCell cell_of(const Runs& runs) {
  BaseNewCell cell;
  std::vector<double> base, unseen, h;
  for (const BaseNewRun* run : runs) {
    if (run->base_accuracy) base.push_back(*run->base_accuracy);
    if (run->new_accuracy) unseen.push_back(*run->new_accuracy);
    if (!run->new_refusal.empty()) cell.refusal = run->new_refusal;
    if (const auto own = h_of(run->base_accuracy, run->new_accuracy)) h.push_back(*own);
    if (run->record.spec.classes.empty()) continue;
    const ShotRange& shots = run->record.shots;
    cell.seeds.push_back(run->record.spec.seed);
    cell.shots.least = cell.seeds.size() == 1 ? shots.least : std::min(cell.shots.least, shots.least);
    cell.shots.most = std::max(cell.shots.most, shots.most);
  }
  std::sort(cell.seeds.begin(), cell.seeds.end());
  cell.base_accuracy = mean_or_none(base);
  cell.new_accuracy = mean_or_none(unseen);
  cell.h = h_of(cell.base_accuracy, cell.new_accuracy);
  if (cell.new_accuracy) cell.refusal.clear();
  cell.base_deviation = deviation_or_zero(base);
  cell.new_deviation = deviation_or_zero(unseen);
  cell.h_deviation = deviation_or_zero(h);
  return cell;
}

/// The first refusal among the cells of a method, or "".
std::string refusal_among(const std::vector<BaseNewCell>& cells) {
  const auto refused = std::ranges::find_if(cells, [](const auto& cell) { return !cell.refusal.empty(); });
  return refused == cells.end() ? "" : refused->refusal;
}

/// The cells that an average is over: those with both accuracies, or with base accuracy where the method
/// cannot serve new classes.
std::vector<const BaseNewCell*> averaged_cells(const std::vector<BaseNewCell>& cells) {
  const bool base_alone = !refusal_among(cells).empty();
  std::vector<const BaseNewCell*> averaged;
  for (const BaseNewCell& cell : cells) {
    if (base_alone ? cell.base_accuracy : cell.h) averaged.push_back(&cell);
  }
  return averaged;
}

/// With H of the averages as the paper prints it.
BaseNewCell average_of(const std::vector<BaseNewCell>& cells) {
  BaseNewCell average;
  average.refusal = refusal_among(cells);
  std::vector<double> base, unseen;
  for (const BaseNewCell* cell : averaged_cells(cells)) {
    base.push_back(*cell->base_accuracy);
    if (average.refusal.empty()) unseen.push_back(*cell->new_accuracy);
  }
  average.base_accuracy = mean_or_none(base);
  average.new_accuracy = mean_or_none(unseen);
  average.h = h_of(average.base_accuracy, average.new_accuracy);
  return average;
}

BaseNewColumn column_of(const std::string& method, const std::string& variant, const Runs& runs,
                        const std::vector<std::string>& datasets) {
  BaseNewColumn column{.method = method, .variant = variant, .cells = {}, .average = {}};
  for (const std::string& dataset : datasets) {
    column.cells.push_back(
        cell_of(those(runs, [&](const BaseNewRun* run) { return run->record.spec.dataset == dataset; })));
  }
  column.average = average_of(column.cells);
  return column;
}

/// A column for each variant; an empty one for a method that has no runs.
std::vector<BaseNewColumn> columns_of(const std::string& method, const Runs& runs,
                                      const std::vector<std::string>& datasets) {
  std::vector<RunSpec> specs;
  for (const BaseNewRun* run : runs) specs.push_back(run->record.spec);
  const std::vector<std::string> labels = variant_labels(specs);
  std::map<std::string, Runs> variants;
  for (size_t i = 0; i < runs.size(); ++i) variants[labels[i]].push_back(runs[i]);
  if (variants.empty()) variants[""];
  std::vector<BaseNewColumn> columns;
  for (const auto& [variant, members] : variants)
    columns.push_back(column_of(method, variant, members, datasets));
  return columns;
}

/// "coop: average over 7 of 9 datasets" for a column with gaps.
void note_missing_datasets(const BaseNewColumn& column, std::vector<std::string>& notes) {
  const size_t found = averaged_cells(column.cells).size();
  if (found == 0) {
    notes.push_back(fmt::format("{}: no dataset with both base and new accuracy yet", column.label()));
  } else if (found < column.cells.size()) {
    notes.push_back(
        fmt::format("{}: average over {} of {} datasets", column.label(), found, column.cells.size()));
  }
}

/// "cannot: linear_probe: has no weights for ..." for each reason that a cell says so for.
void note_refusals(const BaseNewTable& table, std::vector<std::string>& notes) {
  std::set<std::string> reasons;
  for (const BaseNewColumn& column : table.columns) {
    for (const BaseNewCell& cell : column.cells) {
      if (!cell.refusal.empty() && reasons.insert(cell.refusal).second)
        notes.push_back("cannot: " + cell.refusal);
    }
  }
}

/// "coop: seeds 1, 2 of 1, 2, 3 on brands, office" for each set of seeds that lacks some.
void note_missing_seeds(const BaseNewColumn& column, const BaseNewTable& table,
                        std::vector<std::string>& notes) {
  std::map<std::vector<int64_t>, std::vector<std::string>> datasets;
  for (size_t i = 0; i < column.cells.size(); ++i) {
    const std::vector<int64_t>& found = column.cells[i].seeds;
    if (!found.empty() && found.size() < table.seeds.size()) datasets[found].push_back(table.datasets[i]);
  }
  for (const auto& [found, names] : datasets) {
    notes.push_back(fmt::format("{}: seed{} {} of {} on {}", column.label(), found.size() == 1 ? "" : "s",
                                fmt::join(found, ", "), fmt::join(table.seeds, ", "),
                                fmt::join(names, ", ")));
  }
}

/// "places: 7 to 13 of 16 shots: classes with fewer training images" for each dataset with such classes.
void note_small_classes(const BaseNewTable& table, std::vector<std::string>& notes) {
  for (size_t i = 0; i < table.datasets.size(); ++i) {
    ShotRange shots{.least = table.shots, .most = 0};
    for (const BaseNewColumn& column : table.columns) {
      if (column.cells[i].seeds.empty()) continue;
      shots.least = std::min(shots.least, column.cells[i].shots.least);
      shots.most = std::max(shots.most, column.cells[i].shots.most);
    }
    if (shots.least == table.shots) continue;
    const std::string range = shots.least == shots.most ? fmt::format("{}", shots.least)
                                                        : fmt::format("{} to {}", shots.least, shots.most);
    notes.push_back(fmt::format("{}: {} of {} shots: classes with fewer training images", table.datasets[i],
                                range, table.shots));
  }
}

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "-";
}

/// New accuracy or H of a cell.
std::string percent_on_new(const BaseNewCell& cell, const std::optional<double>& value) {
  return cell.refusal.empty() ? percent(value) : "cannot";
}

std::string exact(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "";
}

std::string spread(const std::optional<double>& centre, double deviation) {
  return centre ? fmt::format("{:.4f}", deviation) : "";
}

std::vector<std::string> long_row(const BaseNewTable& table, const BaseNewColumn& column, size_t dataset) {
  const BaseNewCell& cell = column.cells[dataset];
  const auto if_trained = [&](int64_t value) {
    return cell.seeds.empty() ? std::string() : std::to_string(value);
  };
  return {table.datasets[dataset],
          column.method,
          column.variant,
          exact(cell.base_accuracy),
          exact(cell.new_accuracy),
          exact(cell.h),
          spread(cell.base_accuracy, cell.base_deviation),
          spread(cell.new_accuracy, cell.new_deviation),
          spread(cell.h, cell.h_deviation),
          fmt::format("{}", fmt::join(cell.seeds, " ")),
          if_trained(table.shots),
          if_trained(cell.shots.least),
          if_trained(cell.shots.most)};
}

}  // namespace

Table BaseNewTable::to_table() const {
  std::string title = fmt::format("Base-to-new accuracy (%), {} shots", shots);
  if (!seeds.empty())
    title += fmt::format(", mean over seed{} {}", seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
  Table table{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  std::vector<std::string> averages = {"Average"};
  const auto append = [](std::vector<std::string>& row, const BaseNewCell& cell) {
    row.insert(row.end(), {percent(cell.base_accuracy), percent_on_new(cell, cell.new_accuracy),
                           percent_on_new(cell, cell.h)});
  };
  for (const BaseNewColumn& column : columns) {
    for (const char* heading : {"Base", "New", "H"})
      table.columns.push_back({heading, Alignment::right, column.label()});
    append(averages, column.average);
  }
  table.rows.push_back(std::move(averages));
  for (size_t i = 0; i < datasets.size(); ++i) {
    std::vector<std::string> row = {datasets[i]};
    for (const BaseNewColumn& column : columns) append(row, column.cells[i]);
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table BaseNewTable::to_long_table() const {
  Table table{.title = to_table().title, .columns = {}, .rows = {}, .notes = notes};
  for (const char* name : {"dataset", "method", "variant", "base", "new", "h", "base_sd", "new_sd", "h_sd",
                           "seeds", "shots", "shots_min", "shots_max"})
    table.columns.push_back({name});
  for (size_t i = 0; i < datasets.size(); ++i) {
    for (const BaseNewColumn& column : columns) table.rows.push_back(long_row(*this, column, i));
  }
  return table;
}

BaseNewTable base_new_table(const Ledger& ledger, const BaseNewQuery& query) {
  const BaseNewRuns selected = select_base_new_runs(ledger, query);
  Runs runs;
  for (const BaseNewRun& run : selected.runs) runs.push_back(&run);
  const Runs trained = those(runs, [](const BaseNewRun* run) { return !run->record.spec.classes.empty(); });

  BaseNewTable table;
  table.shots = query.shots;
  table.seeds = asked_or_found(query.seeds, trained, [](const RunSpec& spec) { return spec.seed; });
  table.datasets = asked_or_found(query.datasets, runs, [](const RunSpec& spec) { return spec.dataset; });
  for (const std::string& method :
       asked_or_found(query.methods, runs, [](const RunSpec& spec) { return spec.method; })) {
    const Runs own = those(runs, [&](const BaseNewRun* run) { return run->record.spec.method == method; });
    for (BaseNewColumn& column : columns_of(method, own, table.datasets))
      table.columns.push_back(std::move(column));
  }
  note_refusals(table, table.notes);
  for (const BaseNewColumn& column : table.columns) {
    note_missing_datasets(column, table.notes);
    note_missing_seeds(column, table, table.notes);
  }
  note_small_classes(table, table.notes);
  table.notes.insert(table.notes.end(), selected.notes.begin(), selected.notes.end());
  return table;
}

}  // namespace promptbed
