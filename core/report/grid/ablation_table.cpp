#include "report/grid/ablation_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/grid/grid_notes.h"

namespace promptbed {
namespace {

/// 34816 -> "34,816"
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<int64_t>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<size_t>(place), 1, ',');
  return digits;
}

Cell shown_count(const std::optional<ParameterCount>& parameters, int64_t ParameterCount::*which) {
  if (!parameters) return "-";
  const int64_t number = *parameters.*which;
  return {grouped(number), number};
}

Cell exact_count(const std::optional<ParameterCount>& parameters, int64_t ParameterCount::*which) {
  return parameters ? count(*parameters.*which) : Cell();
}

/// Why a count is missing, where one is.
std::vector<std::string> note_counts(const BaseNewTable& table) {
  std::vector<std::string> notes;
  for (const BaseNewColumn& column : table.columns) {
    const bool is_unknown = std::ranges::any_of(
        column.cells, [](const BaseNewCell& cell) { return cell.base.mean && !cell.parameters; });
    if (is_unknown) {
      notes.push_back(fmt::format("{}: has runs whose parameters were not counted, of an earlier version",
                                  column.label()));
    } else if (column.average.base.mean && !column.average.parameters) {
      notes.push_back(fmt::format("{}: learns another number of parameters on each dataset", column.label()));
    }
  }
  return notes;
}

}  // namespace

Report ablation_report(const BaseNewTable& table) {
  const std::string title = fmt::format("Learned parameters and base-to-new accuracy (%){}{}",
                                        at_shots(table.shots), over_seeds(table.seeds, table.spread));
  Table shown{.title = title,
              .columns = {{"Dataset", Alignment::left},
                          {"Method", Alignment::left},
                          {"all", Alignment::right, "Parameters"},
                          {"no biases", Alignment::right, "Parameters"},
                          {"Base", Alignment::right, "Accuracy", "%"},
                          {"New", Alignment::right, "Accuracy", "%"},
                          {"H", Alignment::right, "Accuracy", "%"}},
              .rows = {},
              .notes = table.notes,
              .heading_columns = 2};
  append(shown.notes, note_counts(table));
  Table records{.title = title, .columns = {}, .rows = {}, .notes = shown.notes};
  for (const char* name : {"dataset", "method", "variant", "parameters", "parameters_without_biases"})
    records.columns.push_back({name});
  for (const char* name : {"base", "new", "h"}) records.columns.push_back({name, Alignment::right, "", "%"});
  for (const char* name : {"seeds", "complete"}) records.columns.push_back({name});

  const auto append_rows = [&](const std::string& section, const std::string& dataset,
                               const BaseNewColumn& column, const BaseNewCell& cell, bool complete) {
    auto& row = shown.rows.emplace_back(
        std::vector<Cell>{section, column.label(), shown_count(cell.parameters, &ParameterCount::all),
                          shown_count(cell.parameters, &ParameterCount::without_biases)});
    for (const Accuracy* accuracy : {&cell.base, &cell.unseen, &cell.h}) {
      row.push_back(to_cell(*accuracy, table.spread));
      row.back().incomplete = accuracy->mean && !complete;
    }
    records.rows.push_back(
        {dataset, column.method, column.variant, exact_count(cell.parameters, &ParameterCount::all),
         exact_count(cell.parameters, &ParameterCount::without_biases), exact(cell.base.mean),
         exact(cell.unseen.mean), exact(cell.h.mean), seed_list(cell.base), flag(complete)});
  };
  for (const BaseNewColumn& column : table.columns) {
    shown.summary_rows.push_back(shown.rows.size());
    append_rows("Average", "average", column, column.average, !column.is_incomplete(table.seeds));
  }
  for (size_t i = 0; i < table.datasets.size(); ++i) {
    for (const BaseNewColumn& column : table.columns) {
      const BaseNewCell& cell = column.cells[i];
      append_rows(table.datasets[i], table.datasets[i], column, cell,
                  cell.base.mean && !lacks_seeds(cell.base, table.seeds));
    }
  }
  mark_best_in_columns(shown, /*first_column=*/4);
  return {std::move(shown), std::move(records)};
}

}  // namespace promptbed
