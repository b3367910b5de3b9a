#include "report/figures/figure_few_shot.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace promptbed {
namespace {

/// The accuracies of a series that one panel shows, as many as shots.
using CurveOf = std::function<std::vector<Accuracy>(const FewShotSeries& series)>;

bool is_trained(const FewShotSeries& series) {
  return std::ranges::any_of(series.cells, [](const std::vector<Accuracy>& by_shots) {
    return std::ranges::any_of(by_shots, &Accuracy::is_trained);
  });
}

Datum datum_of(const std::string& label, int64_t shots, const Accuracy& accuracy) {
  const double mean = *accuracy.mean;
  const std::optional<double> deviation = spread(accuracy, Spread::deviation);
  const std::string either_way = deviation ? fmt::format(" ± {:.2f}", *deviation) : "";
  return {.x = static_cast<double>(shots),
          .y = mean,
          .low = mean - deviation.value_or(0),
          .high = mean + deviation.value_or(0),
          .text = fmt::format("{}, {} shot{}: {:.2f} %{}", label, shots, shots == 1 ? "" : "s", mean,
                              either_way)};
}

Trace curve_of(const std::string& label, const std::vector<int64_t>& shots,
               const std::vector<Accuracy>& accuracies) {
  Trace trace{.name = label, .mark = Mark::curve, .data = {}};
  for (size_t i = 0; i < shots.size(); ++i) {
    if (accuracies[i].mean) trace.data.push_back(datum_of(label, shots[i], accuracies[i]));
  }
  return trace;
}

/// The same accuracy whatever the shots.
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

Panel panel_of(const std::string& title, const FewShotTable& table, const CurveOf& accuracies_of,
               Looks& looks) {
  Panel panel{.title = title, .x = axis_of_shots(table.shots), .y = {}, .traces = {}};
  std::vector<double> values;
  for (const FewShotSeries& series : table.series) {
    const bool trained = is_trained(series);
    const std::vector<Accuracy> accuracies = accuracies_of(series);
    Trace trace = trained ? curve_of(series.label(), table.shots, accuracies)
                          : level_of(series.label(), table.shots, accuracies);
    trace.look = looks.of(series.label(), trained);
    for (const Datum& datum : trace.data) {
      values.push_back(datum.low);
      values.push_back(datum.high);
    }
    panel.traces.push_back(std::move(trace));
  }
  panel.y = axis_over("accuracy (%)", values);
  return panel;
}

std::vector<Accuracy> averages_of(const FewShotSeries& series) {
  std::vector<Accuracy> accuracies;
  for (const DatasetAverage& average : series.averages) accuracies.push_back(average.accuracy);
  return accuracies;
}

}  // namespace

Figure few_shot_figure(const FewShotTable& table, Looks& looks) {
  Figure figure{.id = "curves",
                .title = "Accuracy against shots",
                .caption = "Bands: one standard deviation over seeds either way. Dashed: without training.",
                .panels = {}};
  if (table.shots.empty()) return figure;
  if (table.datasets.size() > 1) {
    figure.panels.push_back(
        panel_of(fmt::format("Average over {} datasets", table.datasets.size()), table, averages_of, looks));
  }
  for (size_t i = 0; i < table.datasets.size(); ++i) {
    figure.panels.push_back(panel_of(
        table.datasets[i], table, [i](const FewShotSeries& series) { return series.cells[i]; }, looks));
  }
  return figure;
}

}  // namespace promptbed
