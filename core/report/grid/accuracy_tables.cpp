#include "report/grid/accuracy_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "report/grid/grid_text.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

/// A report of a grid without rows, whose table has these headings and whose records have no columns yet.
Report empty_report(const Grid& grid, const std::string& what, const std::vector<std::string>& headings) {
  const std::string title = what + setting_of(grid) + over_seeds(grid.seeds, grid.spread);
  Report report{.table = {.title = title, .columns = {}, .rows = {}, .notes = grid.notes},
                .records = {.title = title, .columns = {}, .rows = {}, .notes = grid.notes}};
  for (const std::string& heading : headings) report.table.columns.push_back({heading, Alignment::left});
  report.table.heading_columns = headings.size();
  return report;
}

/// The shown accuracies of a series in a row, as many as measures.
void append_accuracies(std::vector<Cell>& cells, const Grid& grid, const GridSeries& series, GridRow row) {
  for (size_t m = 0; m < grid.measures.size(); ++m) {
    const Accuracy& accuracy = cell_in(series, row).accuracies[m];
    Cell& shown = cells.emplace_back(to_cell(accuracy, grid.spread));
    shown.incomplete = accuracy.mean && !grid.is_complete(series, row, m);
  }
}

/// Three columns of each series, with its name above them.
void add_columns_of_series(Table& table, const Grid& grid) {
  for (const GridSeries& series : grid.series) {
    for (const Measure& measure : grid.measures)
      table.columns.push_back({measure.name, Alignment::right, series.label(), "%"});
  }
}

/// The mean of the H of what a row is the average of: the runs of a dataset, or the datasets.
std::optional<double> mean_of_h(const Grid& grid, const GridSeries& series, GridRow row) {
  constexpr size_t kH = 2;
  if (row) {
    const Accuracy& h = series.cells[*row].accuracies[kH];
    return h.by_seed.empty() ? h.mean : std::optional(mean(h.by_seed));
  }
  if (!series.average.accuracies[kH].mean) return std::nullopt;
  std::vector<double> of_datasets;
  for (const GridCell& cell : series.cells) {
    if (cell.accuracies[kH].mean) of_datasets.push_back(*cell.accuracies[kH].mean);
  }
  return mean(of_datasets);
}

/// What records call a row.
std::string id_of(const Grid& grid, GridRow row) {
  return row ? grid.datasets[*row] : "average";
}

Cell deviation_of(const Accuracy& accuracy) {
  return exact(spread(accuracy, Spread::deviation));
}

/// Rows of datasets and columns of series.
void show_by_columns(Table& shown, const Grid& grid, const std::vector<GridRow>& rows) {
  for (const GridRow row : rows) {
    if (!row) shown.summary_rows.push_back(shown.rows.size());
    auto& cells = shown.rows.emplace_back(std::vector<Cell>{grid.name_of(row)});
    for (const GridSeries& series : grid.series) append_accuracies(cells, grid, series, row);
  }
  mark_best_in_rows(shown);
}

/// A section of averages and one per dataset, with a row per series; `more` appends what comes before its
/// accuracies.
template <class More>
void show_by_sections(Table& shown, const Grid& grid, const More& more) {
  for (const GridRow row : rows_below_average(grid)) {
    for (const GridSeries& series : grid.series) {
      if (!row) shown.summary_rows.push_back(shown.rows.size());
      auto& cells = shown.rows.emplace_back(std::vector<Cell>{grid.name_of(row), series.label()});
      more(cells, cell_in(series, row));
      append_accuracies(cells, grid, series, row);
    }
  }
}

/// Marks the best of the accuracies that stand last in the rows.
void mark_best_accuracies(Table& shown, const Grid& grid) {
  mark_best_in_columns(shown, shown.columns.size() - grid.measures.size());
}

/// Why a count of parameters is missing.
std::vector<std::string> note_counts(const Grid& grid) {
  std::vector<std::string> notes;
  for (const GridSeries& series : grid.series) {
    const bool is_unknown = std::ranges::any_of(
        series.cells, [](const GridCell& cell) { return cell.accuracies.front().mean && !cell.parameters; });
    if (is_unknown) {
      notes.push_back(fmt::format("{}: has runs whose parameters were not counted, of an earlier version",
                                  series.label()));
    } else if (series.average.accuracies.front().mean && !series.average.parameters) {
      notes.push_back(fmt::format("{}: learns another number of parameters on each dataset", series.label()));
    }
  }
  return notes;
}

}  // namespace

Report base_new_report(const Grid& grid) {
  Report report = empty_report(grid, fmt::format("Base-to-new {} (%)", words_of(grid.metric)), {"Dataset"});
  add_columns(report.records, {"dataset", "method", "variant"});
  add_columns(report.records, {"base", "new", "h", "base_sd", "new_sd", "h_sd"}, "%");
  add_columns(report.records, {"seeds", "shots", "shots_min", "shots_max", "complete", "refusal"});
  add_columns(report.records, {"mean_h"}, "%");
  add_columns_of_series(report.table, grid);
  show_by_columns(report.table, grid, rows_below_average(grid));
  for (const GridRow row : rows_above_average(grid)) {
    for (const GridSeries& series : grid.series) {
      const GridCell& cell = cell_in(series, row);
      const Accuracy &base = cell.accuracies[0], &on_new = cell.accuracies[1], &h = cell.accuracies[2];
      const auto if_trained = [&](int64_t value) {
        return base.is_trained && value > 0 ? count(value) : Cell();
      };
      report.records.rows.push_back(
          {id_of(grid, row), series.method, series.variant, exact(base.mean), exact(on_new.mean),
           exact(h.mean), deviation_of(base), deviation_of(on_new), deviation_of(h), seed_list(base),
           if_trained(grid.shots.value_or(0)), if_trained(cell.shots.least), if_trained(cell.shots.most),
           flag(grid.is_complete(series, row, 0)), on_new.refusal, exact(mean_of_h(grid, series, row))});
    }
  }
  return report;
}

Report open_world_report(const Grid& grid) {
  Report report = empty_report(grid, "Base and new classes together (%)", {"Dataset"});
  add_columns(report.records, {"dataset", "method", "variant"});
  add_columns(report.records, {"union", "auroc", "openworld_auc", "union_sd", "auroc_sd", "openworld_auc_sd"},
              "%");
  add_columns(report.records, {"seeds", "shots", "complete", "refusal"});
  add_columns_of_series(report.table, grid);
  show_by_columns(report.table, grid, rows_below_average(grid));
  for (const GridRow row : rows_above_average(grid)) {
    for (const GridSeries& series : grid.series) {
      const std::vector<Accuracy>& measured = cell_in(series, row).accuracies;
      const Accuracy& on_union = measured.front();
      auto& record = report.records.rows.emplace_back(
          std::vector<Cell>{id_of(grid, row), series.method, series.variant});
      for (const Accuracy& one : measured) record.push_back(exact(one.mean));
      for (const Accuracy& one : measured) record.push_back(deviation_of(one));
      record.insert(record.end(),
                    {seed_list(on_union), on_union.is_trained && grid.shots ? count(*grid.shots) : Cell(),
                     flag(grid.is_complete(series, row, 0)), on_union.refusal});
    }
  }
  return report;
}

std::vector<Measure> calibration_measures() {
  std::vector<Measure> measures;
  for (const char* classes : {"base", "new"}) {
    measures.push_back({"Accuracy", classes});
    measures.push_back({"Confidence", classes, {}, measured::kConfidence});
    measures.push_back({"ECE", classes, {}, measured::kError});
    measures.push_back({"Adaptive", classes, {}, measured::kAdaptiveError});
  }
  return measures;
}

Report calibration_report(const Grid& grid) {
  Report report = empty_report(grid, "Calibration (%)", {"Dataset", "Method"});
  add_columns(report.records, {"dataset", "method", "variant", "classes"});
  add_columns(report.records, {"accuracy", "confidence", "ece", "adaptive_ece", "ece_sd"}, "%");
  add_columns(report.records, {"seeds", "shots", "complete", "refusal"});
  for (const Measure& measure : grid.measures)
    report.table.columns.push_back(
        {measure.name, Alignment::right, measure.class_set == "base" ? "Base" : "New", "%"});
  show_by_sections(report.table, grid, [](std::vector<Cell>&, const GridCell&) {});
  const size_t of_each = grid.measures.size() / 2;
  for (const GridRow row : rows_below_average(grid)) {
    for (const GridSeries& series : grid.series) {
      for (size_t first = 0; first < grid.measures.size(); first += of_each) {
        const std::span<const Accuracy> measured =
            std::span(cell_in(series, row).accuracies).subspan(first, of_each);
        const Accuracy& error = measured[2];
        auto& record = report.records.rows.emplace_back(std::vector<Cell>{
            id_of(grid, row), series.method, series.variant, grid.measures[first].class_set});
        for (const Accuracy& one : measured) record.push_back(exact(one.mean));
        record.insert(record.end(), {deviation_of(error), seed_list(measured[0]),
                                     measured[0].is_trained && grid.shots ? count(*grid.shots) : Cell(),
                                     flag(grid.is_complete(series, row, first + 2)), error.refusal});
      }
    }
  }
  return report;
}

Report few_shot_report(const Grid& grid) {
  Report report =
      empty_report(grid, heading_of(grid.metric) + " on all classes (%) by shots", {"Dataset", "Method"});
  add_columns(report.records, {"dataset", "method", "variant", "shots"});
  add_columns(report.records, {"accuracy", "accuracy_sd"}, "%");
  add_columns(report.records, {"seeds", "complete"});
  for (const Measure& measure : grid.measures)
    report.table.columns.push_back({std::to_string(*measure.shots), Alignment::right, "Shots", "%"});
  show_by_sections(report.table, grid, [](std::vector<Cell>&, const GridCell&) {});
  mark_best_accuracies(report.table, grid);
  for (const GridRow row : rows_below_average(grid)) {
    for (const GridSeries& series : grid.series) {
      for (size_t m = 0; m < grid.measures.size(); ++m) {
        const Accuracy& accuracy = cell_in(series, row).accuracies[m];
        const bool has_shots = accuracy.is_trained || !accuracy.mean;
        if (!has_shots && m > 0) continue;  // the same for all shots
        report.records.rows.push_back({id_of(grid, row), series.method, series.variant,
                                       has_shots ? count(*grid.measures[m].shots) : Cell(),
                                       exact(accuracy.mean), deviation_of(accuracy), seed_list(accuracy),
                                       flag(grid.is_complete(series, row, m))});
      }
    }
  }
  return report;
}

Report transfer_report(const Grid& grid) {
  const char* what = grid.protocol == Protocol::domain ? "Domain generalisation" : "Cross-dataset transfer";
  const std::string metric = grid.metric == Metric::accuracy ? "" : ", " + words_of(grid.metric);
  Report report = empty_report(grid, fmt::format("{}{} (%)", what, metric), {"Dataset"});
  add_columns(report.records, {"role", "dataset", "method", "variant"});
  add_columns(report.records, {"accuracy", "accuracy_sd"}, "%");
  add_columns(report.records, {"seeds", "shots", "complete", "refusal"});
  for (const GridSeries& series : grid.series)
    report.table.columns.push_back({series.label(), Alignment::right, "", "%"});
  show_by_columns(report.table, grid, rows_above_average(grid));
  for (const GridRow row : rows_above_average(grid)) {
    const char* role = !row ? "average" : *row < grid.first_averaged() ? "source" : "target";
    for (const GridSeries& series : grid.series) {
      const Accuracy& accuracy = cell_in(series, row).accuracies.front();
      const bool has_shots = accuracy.is_trained && grid.shots;
      report.records.rows.push_back({role, id_of(grid, row), series.method, series.variant,
                                     exact(accuracy.mean), deviation_of(accuracy), seed_list(accuracy),
                                     has_shots ? count(*grid.shots) : Cell(),
                                     flag(grid.is_complete(series, row, 0)), accuracy.refusal});
    }
  }
  return report;
}

Report ablation_report(const Grid& grid) {
  Report report =
      empty_report(grid, fmt::format("Learned parameters and base-to-new {} (%)", words_of(grid.metric)),
                   {"Dataset", "Method"});
  add_columns(report.records, {"dataset", "method", "variant", "parameters", "parameters_without_biases"});
  add_columns(report.records, {"base", "new", "h"}, "%");
  add_columns(report.records, {"seeds", "complete"});
  append(report.table.notes, note_counts(grid));
  report.records.notes = report.table.notes;
  for (const char* name : {"all", "no biases"})
    report.table.columns.push_back({name, Alignment::right, "Parameters"});
  for (const Measure& measure : grid.measures)
    report.table.columns.push_back({measure.name, Alignment::right, heading_of(grid.metric), "%"});
  constexpr int64_t ParameterCount::*kCounts[] = {&ParameterCount::all, &ParameterCount::without_biases};
  show_by_sections(report.table, grid, [&](std::vector<Cell>& cells, const GridCell& cell) {
    for (const auto which : kCounts) {
      cells.push_back(cell.parameters ? grouped_count(*cell.parameters.*which) : Cell("-"));
    }
  });
  mark_best_accuracies(report.table, grid);
  for (const GridRow row : rows_below_average(grid)) {
    for (const GridSeries& series : grid.series) {
      const GridCell& cell = cell_in(series, row);
      auto& record = report.records.rows.emplace_back(
          std::vector<Cell>{id_of(grid, row), series.method, series.variant});
      for (const auto which : kCounts)
        record.push_back(cell.parameters ? count(*cell.parameters.*which) : Cell());
      for (const Accuracy& accuracy : cell.accuracies) record.push_back(exact(accuracy.mean));
      record.push_back(seed_list(cell.accuracies.front()));
      record.push_back(flag(grid.is_complete(series, row, 0)));
    }
  }
  return report;
}

}  // namespace promptbed
