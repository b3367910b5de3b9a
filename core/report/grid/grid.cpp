#include "report/grid/grid.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "report/grid/grid_text.h"
#include "report/select/series.h"
#include "table/table.h"

namespace promptbed {
namespace {

/// The dataset that the query names, or else the only one that a method was trained on.
std::string source_of(const Snapshot& snapshot, const RunSelection& selection, const ReportQuery& query) {
  std::set<std::string> sources;
  for (const RunResults& run : selection.runs) {
    if (run.is_trained()) sources.insert(run.spec().dataset);
  }
  if (!query.source.empty() && !sources.empty() && !sources.contains(query.source)) {
    throw Error(fmt::format("--source {}: no method was trained on it; choose among {}", query.source,
                            fmt::join(sources, ", ")));
  }
  if (!query.source.empty()) return query.source;
  if (sources.size() == 1) return *sources.begin();
  throw Error(
      sources.empty()
          ? fmt::format("{}: has untrained methods alone, which have no source; name it with --source",
                        snapshot.path().string())
          : fmt::format("{}: has methods trained on {}; choose one with --source", snapshot.path().string(),
                        fmt::join(sources, ", ")));
}

/// The datasets other than the source that a method trained on it was tested on, or refused;
/// if none is trained, those of untrained ones.
std::vector<std::string> targets_of(const RunSelection& selection, const Grid& grid, const ReportQuery& query,
                                    const std::vector<Suite>& suites) {
  if (!query.datasets.empty()) {
    std::vector<std::string> targets = query.datasets;
    std::erase(targets, grid.source);
    return targets;
  }
  std::set<std::string> of_trained, of_all;
  for (const RunResults& run : selection.runs) {
    const auto add = [&](const auto& test) {
      if (test.class_set != grid.measures.front().class_set || test.dataset == grid.source) return;
      of_all.insert(test.dataset);
      if (run.is_trained() && run.spec().dataset == grid.source) of_trained.insert(test.dataset);
    };
    std::ranges::for_each(run.scores, add);
    std::ranges::for_each(run.refusals, add);
  }
  std::set<std::string>& targets = of_trained.empty() ? of_all : of_trained;
  drop_other_targets(targets, grid.protocol, grid.source, suites);
  return in_order({targets.begin(), targets.end()}, query);
}

/// A measure for each number of shots. Untrained methods alone have one accuracy a dataset, of no shots.
std::vector<Measure> measures_by_shots(const RunSelection& selection, const ReportQuery& query) {
  std::vector<int64_t> shots = query.shots;
  if (shots.empty()) {
    std::set<int64_t> found;
    for (const RunResults& run : selection.runs) {
      if (run.is_trained()) found.insert(run.spec().shots);
    }
    if (found.empty()) found.insert(0);
    shots.assign(found.begin(), found.end());
  }
  std::vector<Measure> measures;
  for (const int64_t number : shots)
    measures.push_back({plural(static_cast<size_t>(number), "shot"), "all", number});
  return measures;
}

std::vector<Measure> measures_of(Protocol protocol, const RunSelection& selection, const ReportQuery& query) {
  switch (protocol) {
    case Protocol::base_new:
      return {{"Base", "base"}, {"New", "new"}, {"H", ""}};
    case Protocol::open_world:
      return {{"Union", "all"},
              {"AUROC", "all", {}, measured::kAuroc},
              {"OpenworldAUC", "all", {}, measured::kOpenWorldAuc}};
    case Protocol::few_shot:
      return measures_by_shots(selection, query);
    case Protocol::cross_dataset:
    case Protocol::domain:
      return {{"Accuracy", "all"}};
  }
  return {};
}

/// The runs of a series that say something of a dataset: those trained on the source or, without one, on the
/// dataset, and untrained ones that were made there.
Runs runs_for(const Runs& runs, const Grid& grid, const std::string& dataset) {
  Runs found;
  std::ranges::copy_if(runs, std::back_inserter(found), [&](const RunResults* run) {
    return run->spec().dataset == (run->is_trained() && !grid.source.empty() ? grid.source : dataset);
  });
  return found;
}

/// What a measure is of, by the name of its measurement; "" for what every score has.
std::string measured_in(const Measure& measure, Metric metric) {
  return measure.measured.empty() && metric == Metric::per_class ? measured::kPerClass : measure.measured;
}

/// What a run scored in a test: a number, or why its method has none; neither if it was not measured.
std::pair<std::optional<double>, std::string> value_in_test(const Snapshot& snapshot, const RunResults& run,
                                                            const Score& score, const std::string& measured,
                                                            Metric metric) {
  if (measured.empty()) return {metric == Metric::macro_f1 ? score.macro_f1 : score.accuracy, ""};
  const auto& values = snapshot.measurements(run.record.id, score.dataset, score.class_set);
  if (const auto found = values.find(measured); found != values.end()) return {found->second, ""};
  const bool is_of_probabilities = measured == measured::kConfidence || measured == measured::kError ||
                                   measured == measured::kAdaptiveError;
  if (values.empty() || !is_of_probabilities) return {};
  return {std::nullopt, run.spec().method + ": its scores are no probabilities"};
}

/// What these runs scored on a dataset.
Accuracy accuracy_of(const Snapshot& snapshot, const Runs& runs, const std::string& dataset,
                     const Measure& measure, Metric metric) {
  std::map<int64_t, double> by_seed;
  std::string refusal;
  bool is_trained = false, has_seeds = false;
  for (const RunResults* run : runs) {
    if (measure.shots && run->is_trained() && run->spec().shots != *measure.shots) continue;
    if (refusal.empty()) refusal = run->refusal(dataset, measure.class_set);
    const Score* score = run->score(dataset, measure.class_set);
    if (score == nullptr) continue;
    const auto [value, reason] = value_in_test(snapshot, *run, *score, measured_in(measure, metric), metric);
    if (refusal.empty()) refusal = reason;
    if (!value) continue;
    is_trained = is_trained || run->is_trained();
    has_seeds = has_seeds || run->has_seed();
    by_seed[run->spec().seed] = *value;
  }
  if (!has_seeds && !by_seed.empty()) return seedless_accuracy(by_seed.begin()->second);
  return make_accuracy(by_seed, is_trained, refusal);
}

/// "2 tests by an earlier version, ...", of which the scores are there and what the grid is of is not.
std::vector<std::string> note_unmeasured(const Snapshot& snapshot, const RunSelection& selection,
                                         const Grid& grid) {
  size_t unmeasured = 0;
  for (const RunResults& run : selection.runs) {
    unmeasured += static_cast<size_t>(std::ranges::count_if(run.scores, [&](const Score& score) {
      return std::ranges::any_of(grid.measures, [&](const Measure& measure) {
        return measure.class_set == score.class_set && !measured_in(measure, grid.metric).empty() &&
               snapshot.measurements(run.record.id, score.dataset, score.class_set).empty();
      });
    }));
  }
  if (unmeasured == 0) return {};
  return {
      fmt::format("{} by an earlier version, which measured less; `runner sweep --remeasure` with the same "
                  "options measures the rest without training",
                  plural(unmeasured, "test"))};
}

/// The training images that the classes of these runs have.
ShotRange shots_of(const Runs& runs) {
  ShotRange shots;
  bool is_first = true;
  for (const RunResults* run : runs) {
    if (!run->is_trained()) continue;
    const ShotRange& own = run->record.shots;
    shots.least = is_first ? own.least : std::min(shots.least, own.least);
    shots.most = std::max(shots.most, own.most);
    is_first = false;
  }
  return shots;
}

/// How much the runs learned, if they agree; an untrained method learns nothing.
std::optional<ParameterCount> parameters_of(const Runs& runs) {
  if (runs.empty()) return std::nullopt;
  if (!runs.front()->is_trained()) return ParameterCount{};
  const auto& first = runs.front()->record.parameters;
  const bool agree = std::ranges::all_of(runs, [&](const RunResults* run) {
    const auto& own = run->record.parameters;
    return own && first && own->all == first->all && own->without_biases == first->without_biases;
  });
  return agree ? first : std::nullopt;
}

GridCell cell_of(const Snapshot& snapshot, const Series& series, const Grid& grid,
                 const std::string& dataset) {
  const Runs runs = runs_for(series.runs, grid, dataset);
  GridCell cell{.accuracies = {}, .shots = shots_of(runs), .parameters = parameters_of(runs)};
  if (!runs.empty()) cell.spec = runs.front()->spec();
  for (const Measure& measure : grid.measures) {
    cell.accuracies.push_back(measure.is_h() ? harmonic(cell.accuracies[0], cell.accuracies[1])
                                             : accuracy_of(snapshot, runs, dataset, measure, grid.metric));
  }
  return cell;
}

/// The first refusal of a measure among the cells of a series, or "".
std::string refusal_of(const GridSeries& series, size_t measure) {
  for (const GridCell& cell : series.cells) {
    if (!cell.accuracies[measure].refusal.empty()) return cell.accuracies[measure].refusal;
  }
  return "";
}

/// What was learned on every dataset, if it is the same everywhere.
std::optional<ParameterCount> common_parameters(const std::vector<GridCell>& cells) {
  std::optional<ParameterCount> common;
  for (const GridCell& cell : cells) {
    if (!cell.accuracies.front().mean) continue;
    if (!cell.parameters) return std::nullopt;
    if (common && common->all != cell.parameters->all) return std::nullopt;
    common = cell.parameters;
  }
  return common;
}

/// Whether a dataset enters the average of a measure. H couples its two measures: a dataset enters both
/// averages if it has both accuracies, or the one that the method can have.
bool enters(const Grid& grid, const GridSeries& series, const GridCell& cell, size_t measure) {
  const bool is_coupled = grid.measures.back().is_h();
  const auto has = [&](size_t m) {
    const bool may_refuse = is_coupled ? m > 0 : has_halves(grid.protocol);
    return cell.accuracies[m].mean || (may_refuse && !refusal_of(series, m).empty());
  };
  return is_coupled ? has(0) && has(1) : has(measure);
}

/// Why a method can have no average of a measure; "" if it can. One that refuses the new classes of a dataset
/// has none over those of the others; of targets, each counts for itself.
std::string refusal_of_average(const GridSeries& series, const Grid& grid, size_t measure) {
  const bool some_are_enough = has_halves(grid.protocol);
  const auto refuses = [&](const GridCell& cell) { return !cell.accuracies[measure].refusal.empty(); };
  const std::span averaged = std::span(series.cells).subspan(grid.first_averaged());
  return some_are_enough || std::ranges::all_of(averaged, refuses) ? refusal_of(series, measure) : "";
}

/// Fills in a series' averages, and the datasets that they lack.
void take_averages(GridSeries& series, const Grid& grid) {
  series.average.parameters = common_parameters(series.cells);
  for (size_t m = 0; m < grid.measures.size(); ++m) {
    std::vector<const Accuracy*> averaged;
    std::vector<std::string>& missing = series.missing.emplace_back();
    for (size_t i = grid.first_averaged(); i < grid.datasets.size(); ++i) {
      if (enters(grid, series, series.cells[i], m)) {
        averaged.push_back(&series.cells[i].accuracies[m]);
      } else {
        missing.push_back(grid.datasets[i]);
      }
    }
    std::vector<Accuracy>& averages = series.average.accuracies;
    if (grid.measures[m].is_h()) {
      averages.push_back(harmonic(averages[0], averages[1]));
      continue;
    }
    std::string refusal = refusal_of_average(series, grid, m);
    if (missing.size() == series.cells.size() - grid.first_averaged() && !refusal.empty()) missing.clear();
    averages.push_back(refusal.empty() ? average(averaged) : Accuracy{.refusal = std::move(refusal)});
  }
}

}  // namespace

bool GridSeries::is_trained() const {
  return std::ranges::any_of(cells, [](const GridCell& cell) {
    return std::ranges::any_of(cell.accuracies, &Accuracy::is_trained);
  });
}

std::string Grid::name_of(GridRow row) const {
  if (!row) return source.empty() ? "Average" : "Average of targets";
  return *row < first_averaged() ? datasets[*row] + " (source)" : datasets[*row];
}

bool Grid::lacks_seeds(const Accuracy& accuracy) const {
  return accuracy.has_seeds() && accuracy.seeds.size() < seeds.size();
}

bool Grid::is_complete(const GridSeries& of, GridRow row, size_t measure) const {
  const Accuracy& accuracy = cell_in(of, row).accuracies[measure];
  if (row) return accuracy.mean && !lacks_seeds(accuracy);
  const auto begin = of.cells.begin() + static_cast<std::ptrdiff_t>(first_averaged());
  return accuracy.mean && of.missing[measure].empty() &&
         std::none_of(begin, of.cells.end(),
                      [&](const GridCell& cell) { return lacks_seeds(cell.accuracies[measure]); });
}

const GridCell& cell_in(const GridSeries& series, GridRow row) {
  return row ? series.cells[*row] : series.average;
}

std::vector<GridRow> rows_below_average(const Grid& grid) {
  std::vector<GridRow> rows = rows_above_average(grid);
  std::rotate(rows.begin(), rows.end() - 1, rows.end());
  return rows;
}

std::vector<GridRow> rows_above_average(const Grid& grid) {
  std::vector<GridRow> rows;
  for (size_t i = 0; i < grid.datasets.size(); ++i) rows.emplace_back(i);
  rows.emplace_back();
  return rows;
}

Grid make_grid(const Snapshot& snapshot, const ReportQuery& asked, Protocol protocol,
               const std::vector<Suite>& suites, std::vector<Measure> measures) {
  ReportQuery query = asked;
  if (has_source(protocol)) query.datasets.clear();  // they are targets; a trained run belongs to the source
  Grid grid{.protocol = protocol,
            .shots = {},
            .seeds = {},
            .source = {},
            .datasets = {},
            .measures = {},
            .series = {},
            .notes = {},
            .spread = query.spread,
            .metric = query.metric};
  if (protocol != Protocol::few_shot) grid.shots = chosen_shots(snapshot, query, protocol);
  if (grid.shots) query.shots = {*grid.shots};
  RunSelection selection = select_runs(snapshot, query, protocol);
  grid.measures = measures.empty() ? measures_of(protocol, selection, query) : std::move(measures);
  if (has_source(protocol)) {
    grid.source = source_of(snapshot, selection, query);
    std::erase_if(selection.runs, [&](const RunResults& run) {
      return run.is_trained() && run.spec().dataset != grid.source;
    });
    grid.datasets = targets_of(selection, grid, asked, suites);
    grid.datasets.insert(grid.datasets.begin(), grid.source);
  } else {
    grid.datasets = datasets_of(selection, query);
  }
  grid.seeds = seeds_of(selection, query);
  for (const Series& series : series_of(selection, query)) {
    GridSeries& filled = grid.series.emplace_back();
    filled.method = series.method;
    filled.variant = series.variant;
    for (const std::string& dataset : grid.datasets)
      filled.cells.push_back(cell_of(snapshot, series, grid, dataset));
    take_averages(filled, grid);
  }
  grid.notes = notes_on(grid, selection);
  append(grid.notes, note_unmeasured(snapshot, selection, grid));
  return grid;
}

}  // namespace promptbed
