#include "report/grid/base_new_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/grid/grid_notes.h"
#include "report/select/run_selection.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

constexpr const char* kProtocol = "base-new";

/// The training images that the classes of these runs have.
ShotRange shots_of(const Runs& runs) {
  ShotRange shots;
  bool is_first = true;
  for (const SelectedRun* run : runs) {
    if (!run->is_trained()) continue;
    const ShotRange& own = run->record.shots;
    shots.least = is_first ? own.least : std::min(shots.least, own.least);
    shots.most = std::max(shots.most, own.most);
    is_first = false;
  }
  return shots;
}

/// What the runs learned, where they agree; a method without training learns nothing.
std::optional<ParameterCount> parameters_of(const Runs& runs) {
  if (runs.empty()) return std::nullopt;
  if (!runs.front()->is_trained()) return ParameterCount{};
  const auto& first = runs.front()->record.parameters;
  const bool agree = std::ranges::all_of(runs, [&](const SelectedRun* run) {
    const auto& own = run->record.parameters;
    return own && first && own->all == first->all && own->without_biases == first->without_biases;
  });
  return agree ? first : std::nullopt;
}

BaseNewCell cell_of(const Series& series, const std::string& dataset) {
  const Runs runs = runs_on(series.runs, dataset);
  BaseNewCell cell{.base = accuracy_of(runs, dataset, "base"),
                   .unseen = accuracy_of(runs, dataset, "new"),
                   .h = {},
                   .shots = shots_of(runs),
                   .parameters = parameters_of(runs),
                   .spec = {}};
  if (!runs.empty()) cell.spec = runs.front()->spec();
  cell.h = harmonic(cell.base, cell.unseen);
  return cell;
}

/// The first refusal among the cells of a method, or "".
std::string refusal_among(const std::vector<BaseNewCell>& cells) {
  const auto refused =
      std::ranges::find_if(cells, [](const auto& cell) { return !cell.unseen.refusal.empty(); });
  return refused == cells.end() ? "" : refused->unseen.refusal;
}

/// What was learned on every dataset, where it is the same everywhere.
std::optional<ParameterCount> common_parameters(const std::vector<BaseNewCell>& cells) {
  std::optional<ParameterCount> common;
  for (const BaseNewCell& cell : cells) {
    if (!cell.base.mean) continue;
    if (!cell.parameters) return std::nullopt;
    if (common && common->all != cell.parameters->all) return std::nullopt;
    common = cell.parameters;
  }
  return common;
}

/// Fills in the average, over the cells with both accuracies, or with base accuracy where the method cannot
/// serve new classes.
void take_average(BaseNewColumn& column, const std::vector<std::string>& datasets) {
  const std::string refusal = refusal_among(column.cells);
  std::vector<const Accuracy*> base, unseen;
  for (size_t i = 0; i < datasets.size(); ++i) {
    const BaseNewCell& cell = column.cells[i];
    if (!cell.base.mean || (refusal.empty() && !cell.unseen.mean)) {
      column.missing.push_back(datasets[i]);
      continue;
    }
    base.push_back(&cell.base);
    if (refusal.empty()) unseen.push_back(&cell.unseen);
  }
  column.average.parameters = common_parameters(column.cells);
  column.average.base = average(base);
  column.average.unseen = average(unseen);
  column.average.unseen.refusal = refusal;
  column.average.h = harmonic(column.average.base, column.average.unseen);
}

std::vector<std::string> notes_on(const BaseNewTable& table) {
  std::vector<std::string> notes;
  std::set<std::string> refusals;
  for (const BaseNewColumn& column : table.columns) {
    for (const BaseNewCell& cell : column.cells) {
      if (!cell.unseen.refusal.empty()) refusals.insert(cell.unseen.refusal);
    }
  }
  append(notes, note_refusals(refusals));
  for (const BaseNewColumn& column : table.columns) {
    append(notes, note_missing_datasets(column.label(), column.missing, table.datasets.size()));
    std::vector<std::pair<std::string, const Accuracy*>> found;
    for (size_t i = 0; i < table.datasets.size(); ++i)
      found.emplace_back(table.datasets[i], &column.cells[i].base);
    append(notes, note_missing_seeds(column.label(), found, table.seeds));
  }
  for (size_t i = 0; table.shots && i < table.datasets.size(); ++i) {
    for (const BaseNewColumn& column : table.columns) {
      if (column.cells[i].base.is_trained())
        append(notes, note_small_classes(table.datasets[i], *table.shots, column.cells[i].shots));
    }
  }
  return notes;
}

void append_cells(std::vector<Cell>& row, const BaseNewCell& cell, Spread spread, bool incomplete) {
  for (const Accuracy* accuracy : {&cell.base, &cell.unseen, &cell.h}) {
    Cell& shown = row.emplace_back(to_cell(*accuracy, spread));
    shown.incomplete = incomplete && accuracy->mean;
  }
}

std::vector<Cell> record_of(const BaseNewTable& table, const BaseNewColumn& column,
                            const std::string& dataset, const BaseNewCell& cell, bool complete) {
  const bool trained = cell.base.is_trained();
  const auto if_trained = [&](int64_t value) { return trained && value > 0 ? count(value) : Cell(); };
  const auto deviation = [](const Accuracy& accuracy) { return exact(spread(accuracy, Spread::deviation)); };
  return {dataset,
          column.method,
          column.variant,
          exact(cell.base.mean),
          exact(cell.unseen.mean),
          exact(cell.h.mean),
          deviation(cell.base),
          deviation(cell.unseen),
          deviation(cell.h),
          seed_list(cell.base),
          if_trained(table.shots.value_or(0)),
          if_trained(cell.shots.least),
          if_trained(cell.shots.most),
          flag(complete),
          cell.unseen.refusal};
}

}  // namespace

bool BaseNewColumn::is_incomplete(const std::vector<int64_t>& seeds) const {
  return !missing.empty() || std::ranges::any_of(cells, [&](const BaseNewCell& cell) {
    return lacks_seeds(cell.base, seeds) || lacks_seeds(cell.unseen, seeds);
  });
}

Report BaseNewTable::report() const {
  const std::string title =
      fmt::format("Base-to-new accuracy (%){}{}", at_shots(shots), over_seeds(seeds, spread));
  Table shown{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  std::vector<Cell> averages = {"Average"};
  for (const BaseNewColumn& column : columns) {
    for (const char* heading : {"Base", "New", "H"})
      shown.columns.push_back({heading, Alignment::right, column.label(), "%"});
    append_cells(averages, column.average, spread, column.is_incomplete(seeds));
  }
  shown.rows.push_back(std::move(averages));
  shown.summary_rows = {0};
  Table records{.title = title, .columns = {}, .rows = {}, .notes = notes};
  for (const char* name : {"dataset", "method", "variant"}) records.columns.push_back({name});
  for (const char* name : {"base", "new", "h", "base_sd", "new_sd", "h_sd"})
    records.columns.push_back({name, Alignment::right, "", "%"});
  for (const char* name : {"seeds", "shots", "shots_min", "shots_max", "complete", "refusal"})
    records.columns.push_back({name});
  for (size_t i = 0; i < datasets.size(); ++i) {
    std::vector<Cell> row = {datasets[i]};
    for (const BaseNewColumn& column : columns) {
      const BaseNewCell& cell = column.cells[i];
      const bool complete = cell.base.mean && !lacks_seeds(cell.base, seeds);
      append_cells(row, cell, spread, !complete);
      records.rows.push_back(record_of(*this, column, datasets[i], cell, complete));
    }
    shown.rows.push_back(std::move(row));
  }
  for (const BaseNewColumn& column : columns) {
    records.rows.push_back(record_of(*this, column, "average", column.average, !column.is_incomplete(seeds)));
  }
  mark_best_in_rows(shown);
  return {std::move(shown), std::move(records)};
}

BaseNewTable base_new_table(const Ledger& ledger, const ReportQuery& asked) {
  ReportQuery query = asked;
  BaseNewTable table;
  table.shots = chosen_shots(ledger, query, kProtocol);
  table.spread = query.spread;
  if (table.shots) query.shots = {*table.shots};
  const RunSelection selection = select_runs(ledger, query, kProtocol);
  table.seeds = seeds_of(selection, query);
  table.datasets = datasets_of(selection, query);
  for (const Series& series : series_of(selection, query)) {
    BaseNewColumn column{
        .method = series.method, .variant = series.variant, .cells = {}, .average = {}, .missing = {}};
    for (const std::string& dataset : table.datasets) column.cells.push_back(cell_of(series, dataset));
    take_average(column, table.datasets);
    table.columns.push_back(std::move(column));
  }
  table.notes = notes_on(table);
  append(table.notes, selection.notes);
  return table;
}

}  // namespace promptbed
