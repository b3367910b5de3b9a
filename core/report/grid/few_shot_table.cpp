#include "report/grid/few_shot_table.h"

#include <fmt/format.h>

#include <set>

#include "report/grid/grid_notes.h"
#include "report/select/run_selection.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

constexpr const char* kProtocol = "few-shot";

std::vector<int64_t> shots_of(const RunSelection& selection, const ReportQuery& query) {
  if (!query.shots.empty()) return query.shots;
  std::set<int64_t> found;
  for (const SelectedRun& run : selection.runs) {
    if (run.is_trained()) found.insert(run.spec().shots);
  }
  // Without a trained method there is one accuracy a dataset, and the column is that of no shots.
  if (found.empty()) found.insert(0);
  return {found.begin(), found.end()};
}

/// "4 shots"
std::string words(int64_t shots) {
  return fmt::format("{} shot{}", shots, shots == 1 ? "" : "s");
}

FewShotSeries fill(const Series& runs, const FewShotTable& table) {
  FewShotSeries series{.method = runs.method, .variant = runs.variant, .cells = {}, .averages = {}};
  for (const std::string& dataset : table.datasets) {
    auto& cells = series.cells.emplace_back();
    for (const int64_t shots : table.shots)
      cells.push_back(accuracy_of(runs_at(runs_on(runs.runs, dataset), shots), dataset, "all"));
  }
  for (size_t s = 0; s < table.shots.size(); ++s) {
    std::vector<const Accuracy*> at_shots;
    for (const auto& cells : series.cells) at_shots.push_back(&cells[s]);
    series.averages.push_back(average_over(table.datasets, at_shots));
  }
  return series;
}

bool is_incomplete(const FewShotTable& table, const FewShotSeries& series, size_t s) {
  bool lacks = !series.averages[s].missing.empty();
  for (const auto& cells : series.cells) lacks = lacks || lacks_seeds(cells[s], table.seeds);
  return lacks;
}

std::vector<std::string> notes_on(const FewShotTable& table) {
  std::vector<std::string> notes;
  for (const FewShotSeries& series : table.series) {
    std::vector<std::pair<std::string, const Accuracy*>> found;
    for (size_t s = 0; s < table.shots.size(); ++s) {
      const std::string label = fmt::format("{}, {}", series.label(), words(table.shots[s]));
      append(notes, note_missing_datasets(label, series.averages[s].missing, table.datasets.size()));
      for (size_t i = 0; i < table.datasets.size(); ++i) {
        found.emplace_back(fmt::format("{} ({})", table.datasets[i], words(table.shots[s])),
                           &series.cells[i][s]);
      }
    }
    append(notes, note_missing_seeds(series.label(), found, table.seeds));
  }
  return notes;
}

/// Says so where a trained method stands beside one whose accuracy has nothing to do with shots.
std::vector<std::string> note_untrained(const RunSelection& selection) {
  std::set<std::string> untrained;
  bool has_trained = false;
  for (const SelectedRun& run : selection.runs) {
    has_trained = has_trained || run.is_trained();
    if (!run.is_trained()) untrained.insert(run.spec().method);
  }
  std::vector<std::string> notes;
  for (const std::string& method : untrained) {
    if (has_trained) notes.push_back(fmt::format("{}: is not trained; one accuracy for all shots", method));
  }
  return notes;
}

/// Appends the records of one row of accuracies; those without training once.
void append_records(Table& records, const FewShotTable& table, const FewShotSeries& series,
                    const std::string& dataset, const std::vector<const Accuracy*>& accuracies,
                    const std::vector<bool>& complete) {
  for (size_t s = 0; s < accuracies.size(); ++s) {
    const Accuracy& accuracy = *accuracies[s];
    const bool trained = accuracy.is_trained() || !accuracy.mean;
    if (!trained && s > 0) continue;
    records.rows.push_back({dataset, series.method, series.variant, trained ? count(table.shots[s]) : Cell(),
                            exact(accuracy.mean), exact(promptbed::spread(accuracy, Spread::deviation)),
                            seed_list(accuracy), flag(complete[s])});
  }
}

}  // namespace

Report FewShotTable::report() const {
  const std::string title = "Accuracy on all classes (%) by shots" + over_seeds(seeds, spread);
  Table shown{.title = title,
              .columns = {{"Dataset", Alignment::left}, {"Method", Alignment::left}},
              .rows = {},
              .notes = notes,
              .heading_columns = 2};
  for (const int64_t number : shots)
    shown.columns.push_back({std::to_string(number), Alignment::right, "Shots", "%"});
  Table records{.title = title, .columns = {}, .rows = {}, .notes = notes};
  for (const char* name : {"dataset", "method", "variant", "shots"}) records.columns.push_back({name});
  for (const char* name : {"accuracy", "accuracy_sd"})
    records.columns.push_back({name, Alignment::right, "", "%"});
  for (const char* name : {"seeds", "complete"}) records.columns.push_back({name});

  const auto append_row = [&](const std::string& section, const std::string& dataset, const FewShotSeries& of,
                              const std::vector<const Accuracy*>& accuracies,
                              const std::vector<bool>& complete) {
    auto& row = shown.rows.emplace_back(std::vector<Cell>{section, of.label()});
    for (size_t s = 0; s < accuracies.size(); ++s) {
      row.push_back(to_cell(*accuracies[s], spread));
      row.back().incomplete = accuracies[s]->mean && !complete[s];
    }
    append_records(records, *this, of, dataset, accuracies, complete);
  };
  for (const FewShotSeries& of : series) {
    std::vector<const Accuracy*> accuracies;
    std::vector<bool> complete;
    for (size_t s = 0; s < shots.size(); ++s) {
      accuracies.push_back(&of.averages[s].accuracy);
      complete.push_back(!is_incomplete(*this, of, s));
    }
    shown.summary_rows.push_back(shown.rows.size());
    append_row("Average", "average", of, accuracies, complete);
  }
  for (size_t i = 0; i < datasets.size(); ++i) {
    for (const FewShotSeries& of : series) {
      std::vector<const Accuracy*> accuracies;
      std::vector<bool> complete;
      for (const Accuracy& accuracy : of.cells[i]) {
        accuracies.push_back(&accuracy);
        complete.push_back(accuracy.mean && !lacks_seeds(accuracy, seeds));
      }
      append_row(datasets[i], datasets[i], of, accuracies, complete);
    }
  }
  mark_best_in_columns(shown, shown.heading_columns);
  return {std::move(shown), std::move(records)};
}

FewShotTable few_shot_table(const Ledger& ledger, const ReportQuery& query) {
  const RunSelection selection = select_runs(ledger, query, kProtocol);
  FewShotTable table;
  table.shots = shots_of(selection, query);
  table.seeds = seeds_of(selection, query);
  table.datasets = datasets_of(selection, query);
  table.spread = query.spread;
  for (const Series& series : series_of(selection, query)) table.series.push_back(fill(series, table));
  table.notes = notes_on(table);
  append(table.notes, note_untrained(selection));
  append(table.notes, selection.notes);
  return table;
}

Comparison comparison_of(const FewShotTable& table) {
  Comparison comparison{.setting = of_seeds(table.seeds),
                        .measures = {},
                        .datasets = table.datasets,
                        .beside_mean = 0,
                        .sides = {},
                        .notes = table.notes};
  for (const int64_t shots : table.shots) comparison.measures.push_back(words(shots));
  for (const FewShotSeries& series : table.series) {
    Comparison::Side& side = comparison.sides.emplace_back();
    side.label = series.label();
    side.accuracies.resize(table.shots.size());
    for (const auto& cells : series.cells) {
      for (size_t s = 0; s < cells.size(); ++s) side.accuracies[s].push_back(cells[s]);
    }
  }
  return comparison;
}

}  // namespace promptbed
