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

constexpr double kBarsWidth = 360;  // of a panel of bars, in pixels
constexpr double kPlaneWidth = 460;
constexpr double kPlaneHeight = 400;
constexpr double kBarRoom = 24;      // of a bar and the room around it
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

/// The larger part of points that a gap divides, if the gap is more than twice as wide as what that part
/// spans; all of them otherwise.
std::vector<Datum> without_far_ones(std::vector<Datum> points, double Datum::*which) {
  std::ranges::sort(points, {}, which);
  size_t widest = 1;
  const auto gap_before = [&](size_t place) { return points[place].*which - points[place - 1].*which; };
  for (size_t place = 2; place < points.size(); ++place) {
    if (gap_before(place) > gap_before(widest)) widest = place;
  }
  const auto middle = points.begin() + static_cast<std::ptrdiff_t>(widest);
  const bool are_above = points.size() - widest < widest;  // the fewer
  const std::vector<Datum> larger(are_above ? points.begin() : middle, are_above ? middle : points.end());
  constexpr double kLeastSpan = 5;  // points of accuracy: what is nearer is not torn apart
  const double span = std::max(larger.back().*which - larger.front().*which, kLeastSpan);
  const bool is_divided = 2 * larger.size() > points.size() && gap_before(widest) > 2 * span;
  return is_divided ? larger : points;
}

/// The points without those so far from the others, across or up, that these could not be told apart.
std::vector<Datum> crowd_of(const std::vector<Datum>& points) {
  constexpr size_t kLeast = 3;  // to be a crowd
  for (const auto which : {&Datum::x, &Datum::y}) {
    if (points.size() <= kLeast) break;
    std::vector<Datum> near = without_far_ones(points, which);
    if (near.size() >= kLeast && near.size() < points.size()) return near;
  }
  return points;
}

Axis axis_around(const char* classes, Metric metric, const std::vector<Datum>& points, double Datum::*which) {
  std::vector<double> values;
  for (const Datum& point : points) values.push_back(point.*which);
  return axis_over(fmt::format("{} {} (%)", classes, words_of(metric)), values);
}

bool is_inside(const Panel& panel, const Datum& point) {
  return point.x >= panel.x.least && point.x <= panel.x.most && point.y >= panel.y.least &&
         point.y <= panel.y.most;
}

/// The traces over lines of equal H, with axes around `points`; what lies outside of these is left out.
Panel plane(const std::string& title, Metric metric, std::vector<Trace> traces,
            const std::vector<Datum>& points) {
  Panel panel{.title = title,
              .x = axis_around("base", metric, points, &Datum::x),
              .y = axis_around("new", metric, points, &Datum::y),
              .traces = {},
              .width = kPlaneWidth,
              .height = kPlaneHeight};
  panel.traces = contours(panel.x, panel.y);
  for (Trace& trace : traces) {
    std::erase_if(trace.data, [&](const Datum& point) { return !is_inside(panel, point); });
    panel.traces.push_back(std::move(trace));
  }
  return panel;
}

std::vector<Datum> points_of(const std::vector<Trace>& traces) {
  std::vector<Datum> points;
  for (const Trace& trace : traces) points.insert(points.end(), trace.data.begin(), trace.data.end());
  return points;
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

std::string bar_words(const Bar& bar, const std::string& measure) {
  const std::string interval = bar.gain.interval ? fmt::format(" ± {:.2f}", *bar.gain.interval) : "";
  return fmt::format("{}, {}: {:+.2f}{} points", bar.dataset, measure, *bar.gain.mean, interval);
}

/// An axis over all gains of these columns and their intervals, with 0 on it and room for numbers at the
/// right: the same for all panels, so that bars can be compared. Intervals beyond twice the longest bar are
/// cut, or nothing else could be seen.
Axis axis_of_points(const std::vector<const VersusColumn*>& columns, Metric metric) {
  double least = 0, most = 0, longest = 0;
  for (const VersusColumn* column : columns) {
    for (const Gain& gain : column->gains) {
      for (const PairedGain& paired : gain.by_dataset) {
        if (!paired.mean) continue;
        longest = std::max(longest, std::abs(*paired.mean));
        least = std::min(least, *paired.mean - paired.interval.value_or(0));
        most = std::max(most, *paired.mean + paired.interval.value_or(0));
      }
    }
  }
  least = std::max(least, -2 * longest);
  most = std::min(most, 2 * longest);
  const double length = std::max(most - least, 1.0);
  return axis_between("points of " + words_of(metric), least - 0.04 * length, most + 0.24 * length);
}

std::string with_interval(const Gain& gain) {
  if (!gain.mean) return "";
  const std::string interval = gain.interval ? fmt::format(" ± {:.1f}", *gain.interval) : "";
  return ", mean " + with_minus_sign(fmt::format("{:+.1f}", *gain.mean)) + interval;
}

Panel panel_of_bars(const std::string& measure, const std::string& label, const std::string& reference,
                    const std::vector<Bar>& bars, const Gain& gain, const Axis& points_axis) {
  std::vector<std::string> names;
  Trace gains{.name = "gains", .mark = Mark::bars, .data = {}};
  for (size_t i = 0; i < bars.size(); ++i) {
    names.push_back(bars[i].dataset);
    const double points = *bars[i].gain.mean, interval = bars[i].gain.interval.value_or(0);
    gains.data.push_back({.x = points,
                          .y = -static_cast<double>(i),
                          .low = std::max(points - interval, points_axis.least),
                          .high = std::min(points + interval, points_axis.most),
                          .text = bar_words(bars[i], measure)});
  }
  return {.title = fmt::format("{}: {} − {}{}", measure, label, reference, with_interval(gain)),
          .x = points_axis,
          .y = axis_of_names(names),
          .traces = {std::move(gains)},
          .width = kBarsWidth,
          .height = kBarsWithout + kBarRoom * static_cast<double>(bars.size())};
}

void add_panels(const Versus& versus, const VersusColumn& column, const Axis& points,
                std::vector<Panel>& panels) {
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
  std::vector<Trace> datasets, averages;
  for (const GridSeries& series : grid.series) {
    const Look look = looks.of(series.label(), series.is_trained());
    datasets.push_back(trace_of_datasets(grid, series, look));
    averages.push_back(trace_of_average(series, look));
  }
  const std::vector<Datum> all = points_of(averages), crowd = crowd_of(all);
  Figure figure{.id = "plane",
                .title = "Base against new " + words_of(grid.metric),
                .caption = "Grey lines join what has the same H.",
                .panels = {plane("Average over " + plural(grid.datasets.size(), "dataset"), grid.metric,
                                 averages, crowd)}};
  if (crowd.size() < all.size()) {
    figure.caption += fmt::format(
        " {} beyond the axes of the averages.",
        plural(all.size() - crowd.size(), "method") + (all.size() - crowd.size() == 1 ? " lies" : " lie"));
  }
  if (grid.datasets.size() < 2) return figure;
  figure.caption += " At the right, small and pale: each dataset.";
  std::vector<Trace> both = datasets;
  std::ranges::copy(averages, std::back_inserter(both));  // what is drawn later lies on top
  const std::vector<Datum> points = points_of(both);
  figure.panels.push_back(plane("Each dataset", grid.metric, std::move(both), points));
  return figure;
}

Figure gains_figure(const Versus& versus, const std::optional<std::string>& label) {
  Figure figure{
      .id = std::string(kGains),
      .title = label ? fmt::format("What {} gains over {}", *label, versus.reference)
                     : "What is gained over " + versus.reference,
      .caption = fmt::format("Points of {} by dataset, the greatest gain first; runs with the same seed are "
                             "compared. Lines: 95 % intervals over seeds, cut at the frame.",
                             words_of(versus.metric)),
      .panels = {}};
  std::vector<const VersusColumn*> columns;
  for (const VersusColumn& column : versus.columns) {
    if (!label || column.label == *label) columns.push_back(&column);
  }
  if (label && columns.empty()) throw Error(fmt::format("{}: is not a column of this comparison", *label));
  const Axis points = axis_of_points(columns, versus.metric);
  for (const VersusColumn* column : columns) add_panels(versus, *column, points, figure.panels);
  return figure;
}

void add_gains(const Grid& grid, const std::optional<std::string>& reference, std::vector<Figure>& figures) {
  if (!reference) return;
  Figure gains = gains_figure(versus(grid, *reference));
  if (!gains.panels.empty()) figures.push_back(std::move(gains));
}

std::vector<Figure> base_new_figures(const Grid& grid, const std::optional<std::string>& asked,
                                     Looks& looks) {
  std::vector<Figure> figures = {plane_figure(grid, looks)};
  add_gains(grid, asked, figures);
  if (asked) return figures;
  const GridSeries* reference = simplest(grid);
  const GridSeries* best = best_beside(grid, reference);
  if (reference == nullptr || best == nullptr) return figures;
  Figure gains = gains_figure(versus(grid, reference->label()), best->label());
  if (!gains.panels.empty()) figures.push_back(std::move(gains));
  return figures;
}

}  // namespace promptbed
