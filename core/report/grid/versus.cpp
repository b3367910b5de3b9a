#include "report/grid/versus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

#include "report/grid/grid_text.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

const GridSeries& find_reference(const std::vector<GridSeries>& all, const std::string& label) {
  const auto found = std::ranges::find(all, label, &GridSeries::label);
  if (found != all.end() && all.size() > 1) return *found;
  if (found != all.end()) {
    throw Error(fmt::format("--versus {}: is alone in the table; add another method with --methods", label));
  }
  std::vector<std::string> labels;
  for (const GridSeries& series : all) labels.push_back(series.label());
  const bool has_variants = std::ranges::count(all, label, &GridSeries::method) > 0;
  throw Error(fmt::format(
      "--versus {}: is not in the table; {} {}", label,
      has_variants ? "narrow its variants down to one with --where, or name one:" : "choose among",
      fmt::join(labels, ", ")));
}

/// ", seeds 1, 2, 3"; "" for none.
std::string of_seeds(const std::vector<int64_t>& seeds) {
  if (seeds.empty()) return "";
  return fmt::format(", seed{} {}", seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
}

/// Half of Student's interval; nothing for a single value.
std::optional<double> interval_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  return student_interval(values);
}

bool is_refused(const Accuracy& own, const Accuracy& other) {
  return !own.refusal.empty() || !other.refusal.empty();
}

PairedGain paired_gain(const Accuracy& own, const Accuracy& other) {
  std::vector<double> differences;
  for (const auto& [one, another] : pairs(own, other)) differences.push_back(one - another);
  if (differences.empty()) return {.mean = {}, .interval = {}, .refused = is_refused(own, other)};
  return {mean(differences), interval_of(differences), differences.size()};
}

Gain gain(const Grid& grid, const GridSeries& series, const GridSeries& reference, size_t measure) {
  Gain gain;
  std::vector<double> means;
  for (size_t i = 0; i < grid.datasets.size(); ++i) {
    const PairedGain& on_dataset = gain.by_dataset.emplace_back(
        paired_gain(series.cells[i].accuracies[measure], reference.cells[i].accuracies[measure]));
    if (on_dataset.mean && i >= grid.first_averaged()) means.push_back(*on_dataset.mean);
  }
  if (!means.empty()) gain.mean = mean(means);
  gain.interval = interval_of(means);
  gain.refused =
      means.empty() && is_refused(series.average.accuracies[measure], reference.average.accuracies[measure]);
  return gain;
}

/// "coop: 1 pair on brands, where its seeds are 1, 2 and those of cocoop are 1", for seeds without a partner.
std::vector<std::string> note_unpaired(const Grid& grid, const GridSeries& series,
                                       const GridSeries& reference, size_t measure) {
  std::vector<std::string> notes;
  for (size_t i = 0; i < grid.datasets.size(); ++i) {
    const Accuracy& own = series.cells[i].accuracies[measure];
    const Accuracy& other = reference.cells[i].accuracies[measure];
    if (!own.has_seeds() || !other.has_seeds() || own.seeds == other.seeds) continue;
    notes.push_back(fmt::format("{} {}: {} on {}, where its seeds are {} and those of {} are {}",
                                kIncompleteMark, series.label(), plural(pairs(own, other).size(), "pair"),
                                grid.name_of(i), fmt::join(own.seeds, ", "), reference.label(),
                                fmt::join(other.seeds, ", ")));
  }
  return notes;
}

/// Of a Gain or a PairedGain.
template <class Of>
Cell points(const Of& gain) {
  if (!gain.mean) return gain.refused ? kCannot : "-";
  std::string text = fmt::format("{:+.2f}", *gain.mean);
  if (gain.interval) text += fmt::format(" ± {:.2f}", *gain.interval);
  return {text, *gain.mean};
}

/// Whether a mean over datasets lacks one of them.
bool is_incomplete(const Gain& gain, size_t first_averaged) {
  const auto begin = gain.by_dataset.begin() + static_cast<std::ptrdiff_t>(first_averaged);
  return gain.mean && std::any_of(begin, gain.by_dataset.end(), [](const auto& on) { return !on.mean; });
}

Table table_of(const Versus& versus, const std::string& title) {
  Table table{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = versus.notes};
  std::vector<Cell> means = {"Mean"};
  for (const VersusColumn& column : versus.columns) {
    for (size_t m = 0; m < versus.measures.size(); ++m) {
      table.columns.push_back({versus.measures[m], Alignment::right, column.label, "points"});
      const Gain& gain = column.gains[m];
      means.push_back(points(gain));
      means.back().incomplete = is_incomplete(gain, versus.first_averaged);
    }
  }
  table.rows.push_back(std::move(means));
  table.summary_rows = {0};
  for (size_t i = 0; i < versus.datasets.size(); ++i) {
    std::vector<Cell> row = {versus.datasets[i]};
    for (const VersusColumn& column : versus.columns) {
      for (const Gain& gain : column.gains) row.push_back(points(gain.by_dataset[i]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table records_of(const Versus& versus, const std::string& title) {
  Table table{.title = title, .columns = {}, .rows = {}, .notes = versus.notes};
  add_columns(table, {"dataset", "method", "versus", "measure"});
  add_columns(table, {"gain", "interval"}, "points");
  add_columns(table, {"pairs", "complete"});
  for (const VersusColumn& column : versus.columns) {
    for (size_t m = 0; m < versus.measures.size(); ++m) {
      const Gain& gain = column.gains[m];
      size_t pairs = 0;
      for (size_t i = 0; i < versus.datasets.size(); ++i) {
        const PairedGain& on = gain.by_dataset[i];
        if (i >= versus.first_averaged) pairs += on.pairs;
        table.rows.push_back({versus.datasets[i], column.label, versus.reference, versus.measures[m],
                              exact(on.mean), exact(on.interval), count(static_cast<int64_t>(on.pairs)),
                              flag(on.mean.has_value())});
      }
      table.rows.push_back({"mean", column.label, versus.reference, versus.measures[m], exact(gain.mean),
                            exact(gain.interval), count(static_cast<int64_t>(pairs)),
                            flag(gain.mean && !is_incomplete(gain, versus.first_averaged))});
    }
  }
  return table;
}

/// Whether there are several seeds or datasets somewhere.
bool has_intervals(const Versus& versus) {
  const auto has = [](const Gain& gain) {
    return gain.interval ||
           std::ranges::any_of(gain.by_dataset, [](const PairedGain& on) { return on.interval.has_value(); });
  };
  return std::ranges::any_of(
      versus.columns, [&](const VersusColumn& column) { return std::ranges::any_of(column.gains, has); });
}

}  // namespace

Report Versus::report() const {
  const std::string what = protocol == Protocol::open_world ? "What is" : heading_of(metric);
  const std::string title = fmt::format("{} gained over {} (points){}", what, reference, setting);
  return {table_of(*this, title), records_of(*this, title)};
}

Versus versus(const Grid& grid, const std::string& reference) {
  const GridSeries& other = find_reference(grid.series, reference);
  Versus versus{.reference = reference,
                .protocol = grid.protocol,
                .metric = grid.metric,
                .setting = setting_of(grid) + of_seeds(grid.seeds),
                .measures = {},
                .datasets = {},
                .first_averaged = grid.first_averaged(),
                .columns = {},
                .notes = grid.notes};
  for (size_t i = 0; i < grid.datasets.size(); ++i) versus.datasets.push_back(grid.name_of(i));
  for (const Measure& measure : grid.measures) {
    if (!measure.is_h()) versus.measures.push_back(measure.name);
  }
  for (const GridSeries& series : grid.series) {
    if (&series == &other) continue;
    VersusColumn& column = versus.columns.emplace_back();
    column.label = series.label();
    for (size_t m = 0; m < versus.measures.size(); ++m) {  // H is the last of its grid's measures
      column.gains.push_back(gain(grid, series, other, m));
      append(versus.notes, note_unpaired(grid, series, other, m));
    }
  }
  append(versus.notes, {has_intervals(versus)
                            ? "pairs of the same dataset and seed; ± is a 95 % interval: in a dataset's row "
                              "over its seeds, in the mean's row over the datasets"
                            : "pairs of the same dataset and seed"});
  return versus;
}

}  // namespace promptbed
