#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "report/figures/grid_figures.h"

namespace promptbed {
namespace {

Datum shots_datum(const std::string& label, const Measure& measure, const Accuracy& accuracy) {
  const double mean = *accuracy.mean;
  const std::optional<double> deviation = spread(accuracy, Spread::deviation);
  const std::string either_way = deviation ? fmt::format(" ± {:.2f}", *deviation) : "";
  return {.x = static_cast<double>(*measure.shots),
          .y = mean,
          .low = mean - deviation.value_or(0),
          .high = mean + deviation.value_or(0),
          .text = fmt::format("{}, {}: {:.2f} %{}", label, measure.name, mean, either_way)};
}

Trace curve_of(const std::string& label, const std::vector<Measure>& measures,
               const std::vector<Accuracy>& accuracies) {
  Trace trace{.name = label, .mark = Mark::curve, .data = {}};
  for (size_t i = 0; i < measures.size(); ++i) {
    if (accuracies[i].mean) trace.data.push_back(shots_datum(label, measures[i], accuracies[i]));
  }
  return trace;
}

/// One accuracy for all shots.
Trace level_of(const std::string& label, const std::vector<int64_t>& shots,
               const std::vector<Accuracy>& accuracies) {
  Trace trace{.name = label, .mark = Mark::level, .data = {}};
  const auto known =
      std::ranges::find_if(accuracies, [](const Accuracy& one) { return one.mean.has_value(); });
  if (known == accuracies.end()) return trace;
  const double mean = *known->mean;
  const auto [least, most] = std::ranges::minmax(shots);
  for (const int64_t end : {least, most})
    trace.data.push_back({.x = static_cast<double>(end), .y = mean, .low = mean, .high = mean});
  trace.data.front().text = fmt::format("{}: {:.2f} %", label, mean);
  return trace;
}

/// Doubling from point to point, a tick for every number of shots.
Axis axis_of_shots(const std::vector<int64_t>& shots) {
  const auto [least, most] = std::ranges::minmax(shots);
  Axis axis{.label = "shots",
            .least = 0.85 * static_cast<double>(least),
            .most = 1.18 * static_cast<double>(most),
            .doubles = true};
  for (const int64_t count : shots)
    axis.ticks.push_back({static_cast<double>(count), fmt::format("{}", count)});
  return axis;
}

Panel shots_panel(const Grid& grid, GridRow row, const std::string& title, Looks& looks) {
  std::vector<int64_t> shots;
  for (const Measure& measure : grid.measures) shots.push_back(*measure.shots);
  Panel panel{.title = title, .x = axis_of_shots(shots), .y = {}, .traces = {}};
  std::vector<double> values;
  for (const GridSeries& series : grid.series) {
    const std::vector<Accuracy>& accuracies = cell_in(series, row).accuracies;
    Trace trace = series.is_trained() ? curve_of(series.label(), grid.measures, accuracies)
                                      : level_of(series.label(), shots, accuracies);
    trace.look = looks.of(series.label(), series.is_trained());
    for (const Datum& datum : trace.data) {
      values.push_back(datum.low);
      values.push_back(datum.high);
    }
    panel.traces.push_back(std::move(trace));
  }
  panel.y = axis_over(words_of(grid.metric) + " (%)", values);
  return panel;
}

Figure curves(const Grid& grid, Looks& looks) {
  Figure figure{.id = "curves",
                .title = heading_of(grid.metric) + " against shots",
                .caption =
                    "Bands: one standard deviation over seeds either way. Dashed: without training. All "
                    "panels span as many points of accuracy.",
                .panels = {}};
  for (const GridRow row : rows_below_average(grid)) {
    if (!row && grid.datasets.size() < 2) continue;
    const std::string title =
        row ? grid.datasets[*row] : fmt::format("Average over {} datasets", grid.datasets.size());
    figure.panels.push_back(shots_panel(grid, row, title, looks));
  }
  share_length_of_y(figure.panels);
  return figure;
}

}  // namespace

std::vector<Figure> few_shot_figures(const Grid& grid, const std::optional<std::string>& versus,
                                     Looks& looks) {
  std::vector<Figure> figures;
  // Untrained methods alone have no shots to draw against.
  if (std::ranges::any_of(grid.series, &GridSeries::is_trained)) figures.push_back(curves(grid, looks));
  add_gains(grid, versus, figures);
  return figures;
}

}  // namespace promptbed
