#include "report/grid/efficiency.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "report/grid/grid_text.h"
#include "report/select/series.h"
#include "results/statistics.h"

namespace promptbed {
namespace {

constexpr double kMegabyte = 1e6;

/// What one run cost.
struct Cost {
  const RunResults* run = nullptr;
  const Execution* execution = nullptr;
  const std::vector<EpochRecord>* epochs = nullptr;

  std::string machine() const {
    return fmt::format("{}, {} thread{}", execution->host, execution->threads,
                       execution->threads == 1 ? "" : "s");
  }
};

std::optional<double> seconds_of(const Cost& cost, const char* phase) {
  const auto& seconds = cost.execution->seconds;
  const auto found = seconds.find(phase);
  if (found == seconds.end()) return std::nullopt;
  return found->second;
}

std::optional<double> epoch_seconds(const Cost& cost) {
  if (cost.epochs->empty()) return std::nullopt;
  std::vector<double> seconds;
  for (const EpochRecord& epoch : *cost.epochs) seconds.push_back(epoch.seconds);
  return mean(seconds);
}

std::optional<double> training_seconds(const Cost& cost) {
  return cost.run->is_trained() ? seconds_of(cost, "training") : std::nullopt;
}

/// Of the attempt that trained; nothing in ledgers that did not count its test images.
std::optional<double> images_per_second(const Cost& cost) {
  const auto seconds = seconds_of(cost, "evaluation");
  const int64_t images = cost.execution->test_images;
  if (!seconds || *seconds <= 0 || images == 0) return std::nullopt;
  return static_cast<double>(images) / *seconds;
}

/// The mean of a measure over the runs that have it.
template <class MeasureOf>
std::optional<double> mean_of(const std::vector<Cost>& costs, const MeasureOf& measure_of) {
  std::vector<double> values;
  for (const Cost& cost : costs) {
    if (const auto value = measure_of(cost)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  return mean(values);
}

Efficiency measure(const std::string& label, const std::vector<Cost>& costs) {
  const RunResults& first = *costs.front().run;
  Efficiency row{.dataset = first.spec().dataset,
                 .label = label,
                 .classes = first.spec().classes,
                 .shots = first.spec().shots,
                 .machine = costs.front().machine(),
                 .seeds = {},
                 .parameters = first.is_trained() ? first.record.parameters : ParameterCount{},
                 .epoch_seconds = mean_of(costs, epoch_seconds),
                 .training_seconds = mean_of(costs, training_seconds),
                 .images_per_second = mean_of(costs, images_per_second),
                 .peak_memory = 0};
  for (const Cost& cost : costs) {
    if (cost.run->has_seed()) row.seeds.push_back(cost.run->spec().seed);
    row.peak_memory = std::max(row.peak_memory, static_cast<double>(cost.execution->peak_memory));
  }
  std::ranges::sort(row.seeds);
  return row;
}

/// Seconds to the hundredth.
Cell rounded(const std::optional<double>& seconds) {
  return seconds ? Cell(fmt::format("{:.2f}", *seconds), *seconds) : Cell("-");
}

/// Rounded to a whole number.
Cell whole(const std::optional<double>& value) {
  return value ? Cell(grouped(std::llround(*value)), *value) : Cell("-");
}

Cell shown_parameters(const Efficiency& row) {
  return row.parameters ? grouped_count(row.parameters->all) : Cell("-");
}

/// What the runs were made on, one line per machine and build.
std::vector<std::string> note_machines(const std::vector<Cost>& costs) {
  std::set<std::string> machines;
  for (const Cost& cost : costs) {
    const Execution& execution = *cost.execution;
    machines.insert(fmt::format("{}: {}, LibTorch {}, {}", cost.machine(), execution.processor,
                                execution.torch_version, execution.blas));
  }
  return {machines.begin(), machines.end()};
}

}  // namespace

Report EfficiencyTable::report() const {
  std::set<std::string> machines;
  for (const Efficiency& row : rows) machines.insert(row.machine);
  const bool names_machines = machines.size() > 1;
  Table shown{.title = "Learned parameters, time and memory, means over seeds",
              .columns = {{"Dataset", Alignment::left},
                          {"Method", Alignment::left},
                          {"Classes", Alignment::left},
                          {"Shots"},
                          {"Learned"},
                          {"Epoch (s)", Alignment::right, "", "s"},
                          {"Train (s)", Alignment::right, "", "s"},
                          {"Images/s", Alignment::right, "", "images/s"},
                          {"Peak (MB)", Alignment::right, "", "MB"}},
              .rows = {},
              .notes = notes,
              .heading_columns = 2};
  if (names_machines) shown.columns.push_back({"Machine", Alignment::left});
  Table records{.title = shown.title, .columns = {}, .rows = {}, .notes = notes};
  add_columns(records,
              {"dataset", "method", "classes", "shots", "seeds", "parameters", "parameters_without_biases"});
  add_columns(records, {"epoch_seconds", "training_seconds"}, "s");
  add_columns(records, {"test_images_per_second"}, "images/s");
  add_columns(records, {"peak_memory"}, "bytes");
  add_columns(records, {"machine"});
  for (const Efficiency& row : rows) {
    const bool trained = !row.classes.empty();
    auto& cells = shown.rows.emplace_back(std::vector<Cell>{
        row.dataset, row.label, trained ? Cell(row.classes) : Cell("-"), trained ? count(row.shots) : "-",
        shown_parameters(row), rounded(row.epoch_seconds), rounded(row.training_seconds),
        whole(row.images_per_second), whole(row.peak_memory / kMegabyte)});
    if (names_machines) cells.emplace_back(row.machine);
    records.rows.push_back(
        {row.dataset, row.label, row.classes, trained ? count(row.shots) : Cell(),
         row.seeds.empty() ? Cell() : Cell(fmt::format("{}", fmt::join(row.seeds, " ")), row.seeds),
         row.parameters ? count(row.parameters->all) : Cell(),
         row.parameters ? count(row.parameters->without_biases) : Cell(), exact(row.epoch_seconds),
         exact(row.training_seconds), exact(row.images_per_second),
         count(static_cast<int64_t>(row.peak_memory)), row.machine});
  }
  return {std::move(shown), std::move(records)};
}

EfficiencyTable efficiency_table(const Snapshot& snapshot, const ReportQuery& query) {
  const RunSelection selection = select_runs(snapshot, query, {});
  using Place = std::tuple<std::string, int64_t, std::string>;  // classes, shots, machine
  EfficiencyTable table;
  std::vector<Cost> all;
  const std::vector<Series> series = series_of(selection, query);
  for (const std::string& dataset : datasets_of(selection, query)) {
    for (const Series& of_method : series) {
      std::map<Place, std::vector<Cost>> places;
      for (const RunResults* run : runs_on(of_method.runs, dataset)) {
        const Cost cost{.run = run,
                        .execution = &snapshot.execution(run->record.id),
                        .epochs = &snapshot.epochs(run->record.id)};
        all.push_back(cost);
        const Place place = {run->spec().classes, run->spec().shots, cost.machine()};
        places[place].push_back(cost);
      }
      for (const auto& [place, costs] : places) table.rows.push_back(measure(of_method.label(), costs));
    }
  }
  table.notes = note_machines(all);
  append(table.notes, selection.notes);
  return table;
}

}  // namespace promptbed
