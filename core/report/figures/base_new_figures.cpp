#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "report/figures/grid_figures.h"
#include "table/table.h"

namespace promptbed {
namespace {

constexpr double kWidth = 360;  // of a panel, in pixels
constexpr double kPlaneHeight = 330;
constexpr double kBar = 24;          // of a bar and the room around it
constexpr double kBarsWithout = 74;  // of a panel of bars, without the bars
constexpr int kContourPieces = 48;

/// A cell as a point; nothing if one of the two accuracies is missing.
std::optional<Datum> datum_of(const std::string& what, const GridCell& cell) {
  const auto &base = cell.accuracies[0].mean, &on_new = cell.accuracies[1].mean, &h = cell.accuracies[2].mean;
  if (!base || !on_new) return std::nullopt;
  return Datum{.x = *base,
               .y = *on_new,
               .text = fmt::format("{}: base {:.2f} %, new {:.2f} %, H {:.2f} %", what, *base, *on_new, *h)};
}

/// A series on each dataset, behind the averages.
Trace trace_of_datasets(const Grid& grid, const GridSeries& series, const Look& look) {
  Trace trace{.name = series.label(), .mark = Mark::points, .look = look, .faint = true, .data = {}};
  for (size_t i = 0; i < grid.datasets.size(); ++i) {
    if (auto datum = datum_of(series.label() + " on " + grid.datasets[i], series.cells[i]))
      trace.data.push_back(*std::move(datum));
  }
  return trace;
}

Trace trace_of_average(const GridSeries& series, const Look& look) {
  Trace trace{.name = series.label(), .mark = Mark::points, .look = look, .data = {}};
  if (auto datum = datum_of(series.label(), series.average)) trace.data.push_back(*std::move(datum));
  return trace;
}

/// All series, the averages last: what is drawn later lies on top.
std::vector<Trace> points_of(const Grid& grid, Looks& looks) {
  std::vector<Trace> behind, averages;
  for (const GridSeries& series : grid.series) {
    const Look look = looks.of(series.label(), series.is_trained());
    if (grid.datasets.size() > 1) behind.push_back(trace_of_datasets(grid, series, look));
    averages.push_back(trace_of_average(series, look));
  }
  std::ranges::move(averages, std::back_inserter(behind));
  return behind;
}

/// The new accuracy that makes this H with a base accuracy; nothing if none does.
std::optional<double> new_accuracy_for(double h, double base) {
  if (2 * base <= h) return std::nullopt;
  return h * base / (2 * base - h);
}

/// The line of one H, as far as it is inside the axes.
Trace contour(double h, const Axis& base, const Axis& on_new) {
  Trace trace{.name = fmt::format("H {:g}", h), .mark = Mark::contour, .data = {}};
  for (int i = 0; i <= kContourPieces; ++i) {
    const double x = base.least + (base.most - base.least) * i / kContourPieces;
    const std::optional<double> y = new_accuracy_for(h, x);
    if (y && *y >= on_new.least && *y <= on_new.most) trace.data.push_back({.x = x, .y = *y});
  }
  return trace;
}

/// Lines of round H all over the plane.
std::vector<Trace> contours(const Axis& base, const Axis& on_new) {
  std::vector<Trace> traces;
  for (const Tick& tick :
       axis_between("", std::min(base.least, on_new.least), std::max(base.most, on_new.most)).ticks) {
    if (tick.at <= 0) continue;
    Trace trace = contour(tick.at, base, on_new);
    if (trace.data.size() > kContourPieces / 4) traces.push_back(std::move(trace));
  }
  return traces;
}

/// A dataset and what is gained on it.
struct Bar {
  std::string dataset;
  PairedGain gain;
};

/// Those with a gain, the greatest first.
std::vector<Bar> sorted_bars(const std::vector<std::string>& datasets, const Gain& gain) {
  std::vector<Bar> bars;
  for (size_t i = 0; i < datasets.size(); ++i) {
    if (gain.by_dataset[i].mean) bars.push_back({datasets[i], gain.by_dataset[i]});
  }
  std::ranges::stable_sort(bars, std::greater(), [](const Bar& bar) { return *bar.gain.mean; });
  return bars;
}

std::string in_words(const Bar& bar, const std::string& measure) {
  const std::string interval = bar.gain.interval ? fmt::format(" ± {:.2f}", *bar.gain.interval) : "";
  return fmt::format("{}, {}: {:+.2f}{} points", bar.dataset, measure, *bar.gain.mean, interval);
}

/// An axis over all gains of a column, with 0 on it and room for numbers beside the bars: the same for all
/// measures, so that bars can be compared.
Axis axis_of_points(const VersusColumn& column, Metric metric) {
  double least = 0, most = 0;
  for (const Gain& gain : column.gains) {
    for (const PairedGain& paired : gain.by_dataset) {
      least = std::min(least, paired.mean.value_or(0));
      most = std::max(most, paired.mean.value_or(0));
    }
  }
  const double room = std::max(0.22 * (most - least), 0.5);
  return axis_between("points of " + words_of(metric), least < 0 ? least - room : 0,
                      most > 0 || least == 0 ? most + room : 0);
}

Panel panel_of_bars(const std::string& measure, const std::string& label, const std::string& reference,
                    const std::vector<Bar>& bars, const Gain& gain, const Axis& points_axis) {
  std::vector<std::string> names;
  Trace up{.name = "gains", .mark = Mark::bars, .look = {.hue = 1}, .data = {}};
  Trace down{.name = "losses", .mark = Mark::bars, .look = {.hue = 2}, .data = {}};
  for (size_t i = 0; i < bars.size(); ++i) {
    names.push_back(bars[i].dataset);
    const double points = *bars[i].gain.mean;
    (points < 0 ? down : up)
        .data.push_back({.x = points, .y = -static_cast<double>(i), .text = in_words(bars[i], measure)});
  }
  const std::string mean = gain.mean ? ", mean " + with_minus_sign(fmt::format("{:+.1f}", *gain.mean)) : "";
  return {.title = fmt::format("{}: {} − {}{}", measure, label, reference, mean),
          .x = points_axis,
          .y = axis_of_names(names),
          .traces = {std::move(up), std::move(down)},
          .width = kWidth,
          .height = kBarsWithout + kBar * static_cast<double>(bars.size())};
}

void add_panels(const Versus& versus, const VersusColumn& column, std::vector<Panel>& panels) {
  const Axis points = axis_of_points(column, versus.metric);
  for (size_t i = 0; i < versus.measures.size(); ++i) {
    const std::vector<Bar> bars = sorted_bars(versus.datasets, column.gains[i]);
    if (bars.empty()) continue;
    panels.push_back(
        panel_of_bars(versus.measures[i], column.label, versus.reference, bars, column.gains[i], points));
  }
}

/// The series that learns least: an untrained one, or else the one with the fewest parameters, as far as the
/// counts are known. The first of several; nullptr if nothing is known.
const GridSeries* simplest(const Grid& grid) {
  const GridSeries* found = nullptr;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const GridSeries& series : grid.series) {
    if (!series.average.accuracies.front().mean || !series.average.parameters) continue;
    if (series.average.parameters->all >= least) continue;
    found = &series;
    least = series.average.parameters->all;
  }
  return found;
}

/// The series with the best H, but for one.
const GridSeries* best_beside(const Grid& grid, const GridSeries* reference) {
  const GridSeries* best = nullptr;
  for (const GridSeries& series : grid.series) {
    const auto& h = series.average.accuracies.back().mean;
    if (&series == reference || !h) continue;
    if (best == nullptr || *h > *best->average.accuracies.back().mean) best = &series;
  }
  return best;
}

}  // namespace

Figure plane_figure(const Grid& grid, Looks& looks) {
  std::vector<Trace> points = points_of(grid, looks);
  std::vector<double> base, on_new;
  for (const Trace& trace : points) {
    for (const Datum& datum : trace.data) {
      base.push_back(datum.x);
      on_new.push_back(datum.y);
    }
  }
  Panel panel{.title = "Average over " + plural(grid.datasets.size(), "dataset"),
              .x = axis_over(fmt::format("base {} (%)", words_of(grid.metric)), base),
              .y = axis_over(fmt::format("new {} (%)", words_of(grid.metric)), on_new),
              .traces = {},
              .width = kWidth,
              .height = kPlaneHeight};
  panel.traces = contours(panel.x, panel.y);
  std::ranges::move(points, std::back_inserter(panel.traces));
  return {.id = "plane",
          .title = "Base against new " + words_of(grid.metric),
          .caption =
              "Large: the average of a method. Small and pale: each dataset. Grey lines join what has the "
              "same H.",
          .panels = {std::move(panel)}};
}

Figure gains_figure(const Versus& versus, const std::optional<std::string>& label) {
  Figure figure{
      .id = "gains",
      .title = label ? fmt::format("What {} gains over {}", *label, versus.reference)
                     : "What is gained over " + versus.reference,
      .caption = fmt::format("Points of {} by dataset, the greatest gain first; runs with the same seed "
                             "are compared.",
                             words_of(versus.metric)),
      .panels = {}};
  bool is_found = false;
  for (const VersusColumn& column : versus.columns) {
    if (label && column.label != *label) continue;
    is_found = true;
    add_panels(versus, column, figure.panels);
  }
  if (label && !is_found) throw Error(fmt::format("{}: is not a column of this comparison", *label));
  return figure;
}

std::vector<Figure> base_new_figures(const Grid& grid, const std::optional<std::string>& asked,
                                     Looks& looks) {
  std::vector<Figure> figures = {plane_figure(grid, looks)};
  Figure gains;
  if (asked) {
    gains = gains_figure(versus(grid, *asked));
  } else {
    const GridSeries* reference = simplest(grid);
    const GridSeries* best = best_beside(grid, reference);
    if (reference != nullptr && best != nullptr)
      gains = gains_figure(versus(grid, reference->label()), best->label());
  }
  if (!gains.panels.empty()) figures.push_back(std::move(gains));
  return figures;
}

}  // namespace promptbed
