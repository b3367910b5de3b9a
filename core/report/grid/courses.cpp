#include "report/grid/courses.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "report/grid/grid_text.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

using BySeed = std::map<int64_t, double>;
using ByDataset = std::map<std::string, BySeed>;

/// What runs have on record after one epoch.
struct Tracked {
  ByDataset base, on_new;
};

size_t count_values(const ByDataset& datasets) {
  size_t count = 0;
  for (const auto& [dataset, seeds] : datasets) count += seeds.size();
  return count;
}

Accuracy average_of(const ByDataset& datasets) {
  std::vector<Accuracy> accuracies;
  for (const auto& [dataset, seeds] : datasets)
    accuracies.push_back(make_accuracy(seeds, /*is_trained=*/true));
  std::vector<const Accuracy*> all;
  for (const Accuracy& accuracy : accuracies) all.push_back(&accuracy);
  return average(all);
}

Course course_of(const Snapshot& snapshot, const Series& series) {
  std::map<int64_t, Tracked> epochs;
  size_t runs = 0;
  for (const RunResults* run : series.runs) {
    const std::vector<TrackedAccuracy>& tracked = snapshot.tracked(run->record.id);
    if (tracked.empty()) continue;
    ++runs;
    for (const TrackedAccuracy& one : tracked) {
      Tracked& at = epochs[one.epoch + 1];
      (one.class_set == "base" ? at.base : at.on_new)[run->spec().dataset][run->spec().seed] = one.accuracy;
    }
  }
  Course course{.method = series.method, .variant = series.variant, .datasets = {}, .stages = {}};
  for (const auto& [epoch, tracked] : epochs) {
    if (count_values(tracked.base) < runs) continue;
    const bool has_new = count_values(tracked.on_new) == runs;
    course.stages.push_back({.epoch = epoch,
                             .base = average_of(tracked.base),
                             .on_new = has_new ? average_of(tracked.on_new) : Accuracy()});
    course.datasets.clear();
    for (const auto& [dataset, seeds] : tracked.base) course.datasets.push_back(dataset);
  }
  return course;
}

/// Runs with epochs that have nothing on record.
std::vector<std::string> note_untracked(const Snapshot& snapshot, const std::vector<Series>& all) {
  std::vector<std::string> notes;
  for (const Series& series : all) {
    const auto untracked = std::ranges::count_if(series.runs, [&](const RunResults* run) {
      return run->spec().recipe && snapshot.tracked(run->record.id).empty();
    });
    if (untracked > 0) {
      notes.push_back(fmt::format("{}: {} trained without --track-new", series.label(),
                                  plural(static_cast<size_t>(untracked), "run")));
    }
  }
  return notes;
}

}  // namespace

Report Courses::report() const {
  const std::string title =
      "Base and new accuracy by epoch (%)" + at_shots(shots) + over_seeds(seeds, spread);
  Report report{.table = {.title = title, .columns = {}, .rows = {}, .notes = notes, .heading_columns = 2},
                .records = {.title = title, .columns = {}, .rows = {}, .notes = notes}};
  report.table.columns = {{"Method", Alignment::left}, {"Epoch"}};
  for (const char* measure : {"Base", "New", "H"})
    report.table.columns.push_back({measure, Alignment::right, "", "%"});
  add_columns(report.records, {"method", "variant", "epoch"});
  add_columns(report.records, {"base", "new", "h", "base_sd", "new_sd", "h_sd"}, "%");
  add_columns(report.records, {"seeds", "shots", "datasets"});
  for (const Course& course : all) {
    for (const Stage& stage : course.stages) {
      const Accuracy accuracies[] = {stage.base, stage.on_new, harmonic(stage.base, stage.on_new)};
      auto& cells = report.table.rows.emplace_back(std::vector<Cell>{course.label(), count(stage.epoch)});
      auto& record = report.records.rows.emplace_back(
          std::vector<Cell>{course.method, course.variant, count(stage.epoch)});
      for (const Accuracy& accuracy : accuracies) cells.push_back(to_cell(accuracy, spread));
      for (const Accuracy& accuracy : accuracies) record.push_back(exact(accuracy.mean));
      for (const Accuracy& accuracy : accuracies)
        record.push_back(exact(promptbed::spread(accuracy, Spread::deviation)));
      record.insert(record.end(), {seed_list(stage.base), shots ? count(*shots) : Cell(),
                                   count(static_cast<int64_t>(course.datasets.size()))});
    }
  }
  return report;
}

Courses courses_of(const Snapshot& snapshot, const ReportQuery& asked) {
  ReportQuery query = asked;
  Courses courses{.all = {}, .shots = {}, .seeds = {}, .spread = query.spread, .notes = {}};
  courses.shots = chosen_shots(snapshot, query, Protocol::base_new);
  if (courses.shots) query.shots = {*courses.shots};
  const RunSelection selection = select_runs(snapshot, query, Protocol::base_new);
  const std::vector<Series> series = series_of(selection, query);
  for (const Series& one : series) {
    Course course = course_of(snapshot, one);
    if (!course.stages.empty()) courses.all.push_back(std::move(course));
  }
  if (courses.all.empty()) {
    throw Error(fmt::format("{}: has no accuracies by epoch of these runs; sweep with --track-new",
                            snapshot.path().string()));
  }
  courses.seeds = seeds_of(selection, query);
  courses.notes = note_untracked(snapshot, series);
  append(courses.notes, selection.notes);
  return courses;
}

}  // namespace promptbed
