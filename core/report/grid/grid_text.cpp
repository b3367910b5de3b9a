#include "report/grid/grid_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/select/spec_text.h"
#include "table/table.h"

namespace promptbed {
namespace {

/// "cannot: linear_probe: has no weights for ..." for each reason of a cell that says so.
std::vector<std::string> note_refusals(const Grid& grid) {
  std::set<std::string> reasons;
  for (const GridSeries& series : grid.series) {
    for (const GridCell& cell : series.cells) {
      for (const Accuracy& accuracy : cell.accuracies) reasons.insert(accuracy.refusal);
    }
  }
  std::vector<std::string> notes;
  for (const std::string& reason : reasons) {
    if (!reason.empty()) notes.push_back("cannot: " + reason);
  }
  return notes;
}

/// "† coop: average over 7 of 9 datasets, without dtd, sun397" for each measure that lacks some.
std::vector<std::string> note_missing_datasets(const Grid& grid, const GridSeries& series) {
  const size_t all = grid.datasets.size() - grid.first_averaged();
  std::vector<std::string> notes;
  for (size_t m = 0; m < grid.measures.size(); ++m) {
    const std::vector<std::string>& missing = series.missing[m];
    if (missing.empty()) continue;
    const Measure& measure = grid.measures[m];
    const std::string what = measure.shots ? series.label() + ", " + measure.name : series.label();
    append(notes, {missing.size() == all
                       ? fmt::format("{}: no dataset to average over yet", what)
                       : fmt::format("{} {}: average over {} of {} datasets, without {}", kIncompleteMark,
                                     what, all - missing.size(), all, fmt::join(missing, ", "))});
  }
  return notes;
}

/// "† coop: seeds 1, 2 of 1, 2, 3 on dtd" for each set of seeds that lacks some.
std::vector<std::string> note_missing_seeds(const Grid& grid, const GridSeries& series) {
  std::map<std::vector<int64_t>, std::vector<std::string>> places;
  for (size_t m = 0; m < grid.measures.size(); ++m) {
    const Measure& measure = grid.measures[m];
    for (size_t i = 0; i < grid.datasets.size(); ++i) {
      const Accuracy& accuracy = series.cells[i].accuracies[m];
      if (!grid.lacks_seeds(accuracy)) continue;
      append(places[accuracy.seeds],
             {measure.shots ? fmt::format("{} ({})", grid.datasets[i], measure.name) : grid.datasets[i]});
    }
  }
  std::vector<std::string> notes;
  for (const auto& [own, names] : places) {
    notes.push_back(fmt::format("{} {}: seed{} {} of {} on {}", kIncompleteMark, series.label(),
                                own.size() == 1 ? "" : "s", fmt::join(own, ", "), fmt::join(grid.seeds, ", "),
                                fmt::join(names, ", ")));
  }
  return notes;
}

/// "places: 7 to 13 of 16 shots: classes with fewer training images"
std::vector<std::string> note_small_classes(const Grid& grid) {
  std::vector<std::string> notes;
  for (size_t i = 0; has_halves(grid.protocol) && grid.shots && i < grid.datasets.size(); ++i) {
    for (const GridSeries& series : grid.series) {
      const auto& [least, most] = series.cells[i].shots;
      if (!series.cells[i].accuracies.front().is_trained || least >= *grid.shots) continue;
      // Wrong labels do not say how many images a class has.
      if (series.cells[i].spec && series.cells[i].spec->changes.noise) continue;
      const std::string range =
          least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
      append(notes, {fmt::format("{}: has classes of {} training images, fewer than {} shots",
                                 grid.datasets[i], range, *grid.shots)});
    }
  }
  return notes;
}

/// Says which methods have one accuracy for all shots, if others differ by them.
std::vector<std::string> note_untrained(const Grid& grid, const RunSelection& selection) {
  if (!grid.measures.front().shots) return {};
  std::set<std::string> untrained;
  bool has_trained = false;
  for (const RunResults& run : selection.runs) {
    has_trained = has_trained || run.is_trained();
    if (!run.is_trained()) untrained.insert(run.spec().method);
  }
  std::vector<std::string> notes;
  for (const std::string& method : untrained) {
    if (has_trained) notes.push_back(fmt::format("{}: is not trained; one accuracy for all shots", method));
  }
  return notes;
}

/// Says which methods chose on which validation images: the others saw training images alone.
std::vector<std::string> note_choosers(const RunSelection& selection) {
  std::map<std::string, std::set<std::string>> methods_by_images;
  for (const RunResults& run : selection.runs) {
    if (const std::string images = selection_text(run.spec()); !images.empty())
      methods_by_images[images].insert(run.spec().method);
  }
  std::vector<std::string> notes;
  for (const auto& [images, methods] : methods_by_images) {
    notes.push_back(fmt::format("{}: chose settings on {}", fmt::join(methods, ", "), images));
  }
  return notes;
}

}  // namespace

std::vector<std::string> notes_on(const Grid& grid, const RunSelection& selection) {
  std::vector<std::string> notes = note_refusals(grid);
  for (const GridSeries& series : grid.series) {
    append(notes, note_missing_datasets(grid, series));
    append(notes, note_missing_seeds(grid, series));
  }
  append(notes, note_small_classes(grid));
  append(notes, note_untrained(grid, selection));
  append(notes, note_choosers(selection));
  append(notes, selection.notes);
  return notes;
}

std::string setting_of(const Grid& grid) {
  return (grid.source.empty() ? "" : ", trained on " + grid.source) + at_shots(grid.shots);
}

std::string over_seeds(const std::vector<int64_t>& seeds, Spread spread) {
  if (seeds.empty()) return "";
  const char* kind = spread == Spread::none        ? ""
                     : spread == Spread::deviation ? " ± standard deviation"
                                                   : " ± 95 % interval";
  return fmt::format(", mean{} over seed{} {}", kind, seeds.size() == 1 ? "" : "s", fmt::join(seeds, ", "));
}

std::string at_shots(const std::optional<int64_t>& shots) {
  return shots ? ", " + plural(static_cast<size_t>(*shots), "shot") : "";
}

void append(std::vector<std::string>& notes, const std::vector<std::string>& others) {
  for (const std::string& note : others) {
    if (std::ranges::count(notes, note) == 0) notes.push_back(note);
  }
}

}  // namespace promptbed
