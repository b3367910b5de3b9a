#include "report/figures/figure_transfer.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

constexpr double kWidth = 360;  // of the panel, in pixels
constexpr double kRow = 27;     // of a dataset
constexpr double kWithoutRows = 74;

/// A datum in a row; nothing without an accuracy.
void add(Trace& trace, const std::string& dataset, const Accuracy& accuracy, size_t row) {
  if (!accuracy.mean) return;
  trace.data.push_back({.x = *accuracy.mean,
                        .y = -static_cast<double>(row),
                        .text = fmt::format("{} on {}: {:.2f} %", trace.name, dataset, *accuracy.mean)});
}

Trace trace_of(const TransferTable& table, const TransferColumn& column, Looks& looks) {
  Trace trace{.name = column.label(), .data = {}};
  trace.look = looks.of(column.label(), column.source.is_trained());
  add(trace, table.source, column.source, 0);
  for (size_t i = 0; i < table.targets.size(); ++i) add(trace, table.targets[i], column.targets[i], i + 1);
  return trace;
}

}  // namespace

Figure transfer_figure(const TransferTable& table, Looks& looks) {
  std::vector<std::string> rows = {table.source + " (source)"};
  rows.insert(rows.end(), table.targets.begin(), table.targets.end());
  Panel panel{.title = "Trained on " + table.source,
              .x = {},
              .y = axis_of_names(rows),
              .traces = {},
              .width = kWidth,
              .height = kWithoutRows + kRow * static_cast<double>(rows.size())};
  std::vector<double> accuracies;
  for (const TransferColumn& column : table.columns) {
    panel.traces.push_back(trace_of(table, column, looks));
    for (const Datum& datum : panel.traces.back().data) accuracies.push_back(datum.x);
  }
  panel.x = axis_over("accuracy (%)", accuracies);
  return {.id = "targets",
          .title = "Accuracy by dataset",
          .caption = "Means over seeds, on all classes of each dataset. Grey is without training.",
          .panels = {std::move(panel)}};
}

}  // namespace promptbed
