#include "report/figures/figure_base_new.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace promptbed {
namespace {

constexpr double kWidth = 360;  // of a panel, in pixels
constexpr double kPlaneHeight = 330;
constexpr double kBar = 24;          // of a bar and the room around it
constexpr double kBarsWithout = 74;  // of a panel of bars, without the bars
constexpr int kContourPieces = 48;

/// A cell as a point; nothing where one of the two accuracies is missing.
std::optional<Datum> datum_of(const std::string& what, const BaseNewCell& cell) {
  if (!cell.base.mean || !cell.unseen.mean) return std::nullopt;
  return Datum{.x = *cell.base.mean,
               .y = *cell.unseen.mean,
               .text = fmt::format("{}: base {:.2f} %, new {:.2f} %, H {:.2f} %", what, *cell.base.mean,
                                   *cell.unseen.mean, *cell.h.mean)};
}

/// A method on each dataset, behind the averages.
Trace trace_of_datasets(const BaseNewTable& table, const BaseNewColumn& column, const Look& look) {
  Trace trace{.name = column.label(), .mark = Mark::points, .look = look, .faint = true, .data = {}};
  for (size_t i = 0; i < table.datasets.size(); ++i) {
    if (auto datum = datum_of(column.label() + " on " + table.datasets[i], column.cells[i]))
      trace.data.push_back(*std::move(datum));
  }
  return trace;
}

Trace trace_of_average(const BaseNewColumn& column, const Look& look) {
  Trace trace{.name = column.label(), .mark = Mark::points, .look = look, .data = {}};
  if (auto datum = datum_of(column.label(), column.average)) trace.data.push_back(*std::move(datum));
  return trace;
}

/// All methods, the averages last: what is drawn later lies on top.
std::vector<Trace> points_of(const BaseNewTable& table, Looks& looks) {
  std::vector<Trace> behind, averages;
  for (const BaseNewColumn& column : table.columns) {
    const Look look = looks.of(column.label(), column.average.base.is_trained());
    if (table.datasets.size() > 1) behind.push_back(trace_of_datasets(table, column, look));
    averages.push_back(trace_of_average(column, look));
  }
  std::ranges::move(averages, std::back_inserter(behind));
  return behind;
}

/// New accuracy that makes, with a base accuracy, this H; nothing where no accuracy does.
std::optional<double> new_accuracy_for(double h, double base) {
  if (2 * base <= h) return std::nullopt;
  return h * base / (2 * base - h);
}

/// The line of one H, as far as it is inside the axes.
Trace contour(double h, const Axis& base, const Axis& unseen) {
  Trace trace{.name = fmt::format("H {:g}", h), .mark = Mark::contour, .data = {}};
  for (int i = 0; i <= kContourPieces; ++i) {
    const double x = base.least + (base.most - base.least) * i / kContourPieces;
    const std::optional<double> y = new_accuracy_for(h, x);
    if (y && *y >= unseen.least && *y <= unseen.most) trace.data.push_back({.x = x, .y = *y});
  }
  return trace;
}

/// Lines of round H over all of the plane.
std::vector<Trace> contours(const Axis& base, const Axis& unseen) {
  std::vector<Trace> traces;
  for (const Tick& tick :
       axis_between("", std::min(base.least, unseen.least), std::max(base.most, unseen.most)).ticks) {
    if (tick.at <= 0) continue;
    Trace trace = contour(tick.at, base, unseen);
    if (trace.data.size() > kContourPieces / 4) traces.push_back(std::move(trace));
  }
  return traces;
}

std::string plural(size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
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

/// An axis over all gains of a column that has 0 on it, and room for numbers beside the bars: the same for
/// all measures, so that bars can be compared.
Axis axis_of_points(const VersusColumn& column) {
  double least = 0, most = 0;
  for (const Gain& gain : column.gains) {
    for (const PairedGain& paired : gain.by_dataset) {
      least = std::min(least, paired.mean.value_or(0));
      most = std::max(most, paired.mean.value_or(0));
    }
  }
  const double room = std::max(0.22 * (most - least), 0.5);
  return axis_between("points of accuracy", least < 0 ? least - room : 0,
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
  const Axis points = axis_of_points(column);
  for (size_t i = 0; i < versus.measures.size(); ++i) {
    const std::vector<Bar> bars = sorted_bars(versus.datasets, column.gains[i]);
    if (bars.empty()) continue;
    panels.push_back(
        panel_of_bars(versus.measures[i], column.label, versus.reference, bars, column.gains[i], points));
  }
}

Figure figure_of_gains(const Versus& versus, std::string title) {
  return {.id = "gains",
          .title = std::move(title),
          .caption =
              "Points of accuracy by dataset, the greatest gain first; runs with the same seed are compared.",
          .panels = {}};
}

}  // namespace

Figure base_new_figure(const BaseNewTable& table, Looks& looks) {
  std::vector<Trace> points = points_of(table, looks);
  std::vector<double> base, unseen;
  for (const Trace& trace : points) {
    for (const Datum& datum : trace.data) {
      base.push_back(datum.x);
      unseen.push_back(datum.y);
    }
  }
  Panel panel{.title = "Average over " + plural(table.datasets.size(), "dataset"),
              .x = axis_over("base accuracy (%)", base),
              .y = axis_over("new accuracy (%)", unseen),
              .traces = {},
              .width = kWidth,
              .height = kPlaneHeight};
  panel.traces = contours(panel.x, panel.y);
  std::ranges::move(points, std::back_inserter(panel.traces));
  return {.id = "plane",
          .title = "Base against new accuracy",
          .caption =
              "Large: the average of a method. Small and pale: each dataset. Grey lines join what has the "
              "same H.",
          .panels = {std::move(panel)}};
}

Figure gains_figure(const Versus& versus, const std::string& label) {
  const auto column = std::ranges::find(versus.columns, label, &VersusColumn::label);
  if (column == versus.columns.end()) throw Error(fmt::format("{}: is no column of this comparison", label));
  Figure figure = figure_of_gains(versus, fmt::format("What {} gains over {}", label, versus.reference));
  add_panels(versus, *column, figure.panels);
  return figure;
}

Figure gains_figure(const Versus& versus) {
  Figure figure = figure_of_gains(versus, "What is gained over " + versus.reference);
  for (const VersusColumn& column : versus.columns) add_panels(versus, column, figure.panels);
  return figure;
}

}  // namespace promptbed
