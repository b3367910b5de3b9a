#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "report/figures/grid_figures.h"

namespace promptbed {
namespace {

constexpr double kTransferWidth = 760;  // of the panel, in pixels: points of many methods need room to differ
constexpr double kRow = 27;             // of a dataset
constexpr double kWithoutRows = 74;

Trace transfer_trace(const Grid& grid, const GridSeries& series, Looks& looks) {
  Trace trace{.name = series.label(), .look = looks.of(series.label(), series.is_trained()), .data = {}};
  for (size_t i = 0; i < grid.datasets.size(); ++i) {
    const auto& mean = series.cells[i].accuracies.front().mean;
    if (!mean) continue;
    trace.data.push_back({.x = *mean,
                          .y = -static_cast<double>(i),
                          .text = fmt::format("{} on {}: {:.2f} %", trace.name, grid.datasets[i], *mean)});
  }
  return trace;
}

}  // namespace

std::vector<Figure> transfer_figures(const Grid& grid, const std::optional<std::string>& versus,
                                     Looks& looks) {
  std::vector<std::string> rows;
  for (size_t i = 0; i < grid.datasets.size(); ++i) rows.push_back(grid.name_of(i));
  Panel panel{.title = "Trained on " + grid.source,
              .x = {},
              .y = axis_of_names(rows),
              .traces = {},
              .width = kTransferWidth,
              .height = kWithoutRows + kRow * static_cast<double>(rows.size())};
  std::vector<double> accuracies;
  for (const GridSeries& series : grid.series) {
    panel.traces.push_back(transfer_trace(grid, series, looks));
    for (const Datum& datum : panel.traces.back().data) accuracies.push_back(datum.x);
  }
  panel.x = axis_over(words_of(grid.metric) + " (%)", accuracies);
  std::vector<Figure> figures = {
      {.id = "targets",
       .title = heading_of(grid.metric) + " by dataset",
       .caption = "Means over seeds, on all classes of each dataset. Grey is without training.",
       .panels = {std::move(panel)}}};
  add_gains(grid, versus, figures);
  return figures;
}

}  // namespace promptbed
