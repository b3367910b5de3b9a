#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/figures/grid_figures.h"
#include "report/select/series.h"
#include "table/table.h"

namespace promptbed {
namespace {

using Bins = std::vector<ConfidenceBin>;

constexpr double kDiagramWidth = 360;  // of a panel, in pixels
constexpr double kHeight = 330;

void add_bins(Bins& sum, const Bins& bins) {
  if (sum.size() < bins.size()) sum.resize(bins.size());
  for (size_t i = 0; i < bins.size(); ++i) {
    sum[i].images += bins[i].images;
    sum[i].correct += bins[i].correct;
    sum[i].confidence += bins[i].confidence;
  }
}

/// Of all runs of a series, on their own datasets.
Bins bins_of(const Snapshot& snapshot, const Series& series, const char* class_set) {
  Bins sum;
  for (const RunResults* run : series.runs)
    add_bins(sum, snapshot.confidences(run->record.id, run->spec().dataset, class_set));
  return sum;
}

/// A bin with images as a point.
Datum bin_datum(const std::string& label, const ConfidenceBin& bin) {
  const auto images = static_cast<double>(bin.images);
  const double confidence = 100 * bin.confidence / images;
  const double accuracy = 100 * static_cast<double>(bin.correct) / images;
  return {.x = confidence,
          .y = accuracy,
          .low = accuracy,
          .high = accuracy,
          .text = fmt::format("{}: {:.1f} % of {} right, {:.1f} % sure", label, accuracy,
                              plural(static_cast<size_t>(bin.images), "image"), confidence)};
}

Trace bins_trace(const std::string& label, const Bins& bins, const Look& look) {
  Trace trace{.name = label, .mark = Mark::curve, .look = look, .data = {}};
  for (const ConfidenceBin& bin : bins) {
    if (bin.images > 0) trace.data.push_back(bin_datum(label, bin));
  }
  return trace;
}

/// Where predictions are right as often as they are sure.
Trace agreement() {
  return {.name = "agreement",
          .mark = Mark::level,
          .faint = true,
          .data = {{.x = 0, .y = 0}, {.x = 100, .y = 100}}};
}

Panel diagram_of(const Snapshot& snapshot, const std::vector<Series>& all, const char* title,
                 const char* class_set, Looks& looks) {
  Panel panel{.title = title,
              .x = axis_between("confidence (%)", 0, 100),
              .y = axis_between("accuracy (%)", 0, 100),
              .traces = {agreement()},
              .width = kDiagramWidth,
              .height = kHeight};
  for (const Series& series : all) {
    const bool is_trained = std::ranges::any_of(series.runs, &RunResults::is_trained);
    Trace trace = bins_trace(series.label(), bins_of(snapshot, series, class_set),
                             looks.of(series.label(), is_trained));
    if (!trace.data.empty()) panel.traces.push_back(std::move(trace));
  }
  return panel;
}

}  // namespace

Figure reliability_figure(const Snapshot& snapshot, const ReportQuery& asked, Looks& looks) {
  ReportQuery query = asked;
  if (const auto shots = chosen_shots(snapshot, query, Protocol::base_new)) query.shots = {*shots};
  const RunSelection selection = select_runs(snapshot, query, Protocol::base_new);
  const std::vector<Series> series = series_of(selection, query);
  Figure figure{.id = "reliability",
                .title = "Accuracy against confidence",
                .caption =
                    "Images in bins of confidence, over all datasets and seeds. Below the dashed line "
                    "a method is surer than it is right.",
                .panels = {}};
  for (const auto& [title, class_set] : {std::pair("Base classes", "base"), {"New classes", "new"}}) {
    Panel panel = diagram_of(snapshot, series, title, class_set, looks);
    if (panel.traces.size() > 1) figure.panels.push_back(std::move(panel));
  }
  return figure;
}

}  // namespace promptbed
