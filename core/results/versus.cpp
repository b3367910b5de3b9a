#include "results/versus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>

#include "results/statistics.h"

namespace promptbed {
namespace {

using Accuracy = std::optional<double> BaseNewCell::*;

const BaseNewColumn& find_reference(const BaseNewTable& table, const std::string& label) {
  const auto found = std::ranges::find(table.columns, label, &BaseNewColumn::label);
  if (found != table.columns.end() && table.columns.size() > 1) return *found;
  std::vector<std::string> labels;
  for (const BaseNewColumn& column : table.columns) labels.push_back(column.label());
  throw Error(found == table.columns.end()
                  ? fmt::format("--versus {}: is no column; choose among {}", label, fmt::join(labels, ", "))
                  : fmt::format("--versus {}: is the only column; add another method with --methods", label));
}

/// Where both were trained, they have to have seen the same draws.
bool is_pair(const BaseNewCell& one, const BaseNewCell& other) {
  return one.seeds.empty() || other.seeds.empty() || one.seeds == other.seeds;
}

Gain gain(const BaseNewColumn& column, const BaseNewColumn& reference, Accuracy accuracy) {
  Gain gain;
  std::vector<double> pairs;
  for (size_t i = 0; i < column.cells.size(); ++i) {
    const BaseNewCell& own = column.cells[i];
    const BaseNewCell& other = reference.cells[i];
    auto& difference = gain.by_dataset.emplace_back();
    if (!(own.*accuracy) || !(other.*accuracy) || !is_pair(own, other)) continue;
    difference = *(own.*accuracy) - *(other.*accuracy);
    pairs.push_back(*difference);
  }
  if (pairs.empty()) return gain;
  gain.mean = mean(pairs);
  gain.interval = student_interval(pairs);
  return gain;
}

/// "coop: not compared on brands, where its seeds are 1, 2 and those of cocoop are 1"
void note_unpaired(const BaseNewColumn& column, const BaseNewColumn& reference, Versus& versus) {
  for (size_t i = 0; i < column.cells.size(); ++i) {
    const std::vector<int64_t>&own = column.cells[i].seeds, &other = reference.cells[i].seeds;
    if (is_pair(column.cells[i], reference.cells[i])) continue;
    versus.notes.push_back(
        fmt::format("{}: not compared on {}, where its seeds are {} and those of {} are {}", column.label(),
                    versus.datasets[i], fmt::join(own, ", "), reference.label(), fmt::join(other, ", ")));
  }
}

std::string title(const Versus& versus) {
  const std::string seeds =
      versus.seeds.empty()
          ? ""
          : fmt::format(", seed{} {}", versus.seeds.size() == 1 ? "" : "s", fmt::join(versus.seeds, ", "));
  return fmt::format("Accuracy gained over {} (points), {} shots{}; mean ± 95 % interval over datasets",
                     versus.reference, versus.shots, seeds);
}

std::string points(const std::optional<double>& value) {
  return value ? fmt::format("{:+.2f}", *value) : "-";
}

std::string points_with_interval(const Gain& gain) {
  if (!gain.mean || std::isnan(gain.interval)) return points(gain.mean);
  return fmt::format("{:+.2f} ± {:.2f}", *gain.mean, gain.interval);
}

std::string exact(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "";
}

std::string exact_interval(const Gain& gain) {
  return gain.mean && !std::isnan(gain.interval) ? exact(gain.interval) : "";
}

}  // namespace

Table Versus::to_table() const {
  Table table{.title = title(*this), .columns = {{"Dataset", Alignment::left}}, .rows = {}, .notes = notes};
  std::vector<std::string> means = {"Mean"};
  for (const VersusColumn& column : columns) {
    for (const char* heading : {"Base", "New"})
      table.columns.push_back({heading, Alignment::right, column.label});
    means.push_back(points_with_interval(column.base_gain));
    means.push_back(points_with_interval(column.new_gain));
  }
  table.rows.push_back(std::move(means));
  for (size_t i = 0; i < datasets.size(); ++i) {
    std::vector<std::string> row = {datasets[i]};
    for (const VersusColumn& column : columns) {
      row.push_back(points(column.base_gain.by_dataset[i]));
      row.push_back(points(column.new_gain.by_dataset[i]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table Versus::to_long_table() const {
  Table table{.title = title(*this), .columns = {}, .rows = {}, .notes = notes};
  for (const char* name :
       {"dataset", "method", "versus", "base_gain", "new_gain", "base_interval", "new_interval"})
    table.columns.push_back({name});
  for (const VersusColumn& column : columns) {
    for (size_t i = 0; i < datasets.size(); ++i) {
      table.rows.push_back({datasets[i], column.label, reference, exact(column.base_gain.by_dataset[i]),
                            exact(column.new_gain.by_dataset[i]), "", ""});
    }
    table.rows.push_back({"mean", column.label, reference, exact(column.base_gain.mean),
                          exact(column.new_gain.mean), exact_interval(column.base_gain),
                          exact_interval(column.new_gain)});
  }
  return table;
}

Versus versus(const BaseNewTable& table, const std::string& reference) {
  const BaseNewColumn& other = find_reference(table, reference);
  Versus versus{.reference = reference,
                .shots = table.shots,
                .seeds = table.seeds,
                .datasets = table.datasets,
                .columns = {},
                .notes = table.notes};
  for (const BaseNewColumn& column : table.columns) {
    if (&column == &other) continue;
    versus.columns.push_back({column.label(), gain(column, other, &BaseNewCell::base_accuracy),
                              gain(column, other, &BaseNewCell::new_accuracy)});
    note_unpaired(column, other, versus);
  }
  return versus;
}

}  // namespace promptbed
