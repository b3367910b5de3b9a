#include "report/grid/versus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

#include "report/grid/grid_notes.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

using Side = Comparison::Side;

const Side& find_reference(const std::vector<Side>& sides, const std::string& label) {
  const auto found = std::ranges::find(sides, label, &Side::label);
  if (found != sides.end() && sides.size() > 1) return *found;
  std::vector<std::string> labels;
  for (const Side& side : sides) labels.push_back(side.label);
  throw Error(
      found == sides.end()
          ? fmt::format("--versus {}: is not in the table; choose among {}", label, fmt::join(labels, ", "))
          : fmt::format("--versus {}: is alone in the table; add another method with --methods", label));
}

/// Half of Student's interval; nothing for a single value.
std::optional<double> interval_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  return student_interval(values);
}

PairedGain paired_gain(const Accuracy& own, const Accuracy& other) {
  std::vector<double> differences;
  for (const auto& [one, another] : pairs(own, other)) differences.push_back(one - another);
  if (differences.empty()) return {};
  return {mean(differences), interval_of(differences), differences.size()};
}

Gain gain(const std::vector<Accuracy>& own, const std::vector<Accuracy>& other, size_t beside_mean) {
  Gain gain;
  std::vector<double> means;
  for (size_t i = 0; i < own.size(); ++i) {
    const PairedGain& on_dataset = gain.by_dataset.emplace_back(paired_gain(own[i], other[i]));
    if (on_dataset.mean && i >= beside_mean) means.push_back(*on_dataset.mean);
  }
  if (!means.empty()) gain.mean = mean(means);
  gain.interval = interval_of(means);
  return gain;
}

/// "coop: 1 pair on brands, where its seeds are 1, 2 and those of cocoop are 1", for seeds without a partner.
std::vector<std::string> note_unpaired(const Side& side, const Side& reference,
                                       const std::vector<std::string>& datasets) {
  std::vector<std::string> notes;
  for (size_t measure = 0; measure < side.accuracies.size(); ++measure) {
    for (size_t i = 0; i < datasets.size(); ++i) {
      const Accuracy& own = side.accuracies[measure][i];
      const Accuracy& other = reference.accuracies[measure][i];
      if (!own.is_trained() || !other.is_trained() || own.seeds == other.seeds) continue;
      const size_t count = pairs(own, other).size();
      append(notes, {fmt::format("{} {}: {} pair{} on {}, where its seeds are {} and those of {} are {}",
                                 kIncompleteMark, side.label, count, count == 1 ? "" : "s", datasets[i],
                                 fmt::join(own.seeds, ", "), reference.label, fmt::join(other.seeds, ", "))});
    }
  }
  return notes;
}

Cell points(const std::optional<double>& mean, const std::optional<double>& interval) {
  if (!mean) return "-";
  std::string text = fmt::format("{:+.2f}", *mean);
  if (interval) text += fmt::format(" ± {:.2f}", *interval);
  return {text, *mean};
}

/// Whether a mean over datasets lacks one of them.
bool is_incomplete(const Gain& gain, size_t beside_mean) {
  const auto begin = gain.by_dataset.begin() + static_cast<std::ptrdiff_t>(beside_mean);
  return gain.mean && std::any_of(begin, gain.by_dataset.end(), [](const auto& on) { return !on.mean; });
}

Table table_of(const Versus& versus, const std::string& title) {
  Table table{.title = title, .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = versus.notes};
  std::vector<Cell> means = {"Mean"};
  for (const VersusColumn& column : versus.columns) {
    for (size_t m = 0; m < versus.measures.size(); ++m) {
      table.columns.push_back({versus.measures[m], Alignment::right, column.label, "points"});
      const Gain& gain = column.gains[m];
      means.push_back(points(gain.mean, gain.interval));
      means.back().incomplete = is_incomplete(gain, versus.beside_mean);
    }
  }
  table.rows.push_back(std::move(means));
  table.summary_rows = {0};
  for (size_t i = 0; i < versus.datasets.size(); ++i) {
    std::vector<Cell> row = {versus.datasets[i]};
    for (const VersusColumn& column : versus.columns) {
      for (const Gain& gain : column.gains)
        row.push_back(points(gain.by_dataset[i].mean, gain.by_dataset[i].interval));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table records_of(const Versus& versus, const std::string& title) {
  Table table{.title = title, .columns = {}, .rows = {}, .notes = versus.notes};
  for (const char* name : {"dataset", "method", "versus", "measure"}) table.columns.push_back({name});
  for (const char* name : {"gain", "interval"})
    table.columns.push_back({name, Alignment::right, "", "points"});
  table.columns.push_back({"pairs"});
  table.columns.push_back({"complete"});
  for (const VersusColumn& column : versus.columns) {
    for (size_t m = 0; m < versus.measures.size(); ++m) {
      const Gain& gain = column.gains[m];
      size_t pairs = 0;
      for (size_t i = 0; i < versus.datasets.size(); ++i) {
        const PairedGain& on = gain.by_dataset[i];
        pairs += on.pairs;
        table.rows.push_back({versus.datasets[i], column.label, versus.reference, versus.measures[m],
                              exact(on.mean), exact(on.interval), count(static_cast<int64_t>(on.pairs)),
                              flag(on.mean.has_value())});
      }
      table.rows.push_back({"mean", column.label, versus.reference, versus.measures[m], exact(gain.mean),
                            exact(gain.interval), count(static_cast<int64_t>(pairs)),
                            flag(gain.mean && !is_incomplete(gain, versus.beside_mean))});
    }
  }
  return table;
}

}  // namespace

Report Versus::report() const {
  const std::string title = fmt::format("Accuracy gained over {} (points){}", reference, setting);
  return {table_of(*this, title), records_of(*this, title)};
}

Versus versus(const Comparison& comparison, const std::string& reference) {
  const Side& other = find_reference(comparison.sides, reference);
  Versus versus{.reference = reference,
                .setting = comparison.setting,
                .measures = comparison.measures,
                .datasets = comparison.datasets,
                .beside_mean = comparison.beside_mean,
                .columns = {},
                .notes = comparison.notes};
  for (const Side& side : comparison.sides) {
    if (&side == &other) continue;
    VersusColumn column{.label = side.label, .gains = {}};
    for (size_t m = 0; m < comparison.measures.size(); ++m)
      column.gains.push_back(gain(side.accuracies[m], other.accuracies[m], comparison.beside_mean));
    versus.columns.push_back(std::move(column));
    append(versus.notes, note_unpaired(side, other, comparison.datasets));
  }
  append(versus.notes,
         {"pairs of the same dataset and seed; ± is a 95 % interval: in a dataset's row over its "
          "seeds, in the mean's row over the datasets"});
  return versus;
}

Comparison comparison_of(const BaseNewTable& table) {
  Comparison comparison{.setting = at_shots(table.shots) + of_seeds(table.seeds),
                        .measures = {"Base", "New"},
                        .datasets = table.datasets,
                        .beside_mean = 0,
                        .sides = {},
                        .notes = table.notes};
  for (const BaseNewColumn& column : table.columns) {
    Side& side = comparison.sides.emplace_back();
    side.label = column.label();
    side.accuracies.resize(2);
    for (const BaseNewCell& cell : column.cells) {
      side.accuracies[0].push_back(cell.base);
      side.accuracies[1].push_back(cell.unseen);
    }
  }
  return comparison;
}

}  // namespace promptbed
