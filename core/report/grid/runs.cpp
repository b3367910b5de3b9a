#include "report/grid/runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "report/grid/accuracy.h"

namespace promptbed {
namespace {

/// On the run's own dataset, for readers.
Cell shown_accuracy(const RunResults& run, const char* class_set) {
  if (const Score* score = run.score(run.spec().dataset, class_set))
    return {fmt::format("{:.2f}", score->accuracy), score->accuracy};
  return run.refusal(run.spec().dataset, class_set).empty() ? "-" : kCannot;
}

/// The same for programs.
Cell exact_accuracy(const RunResults& run, const char* class_set) {
  const Score* score = run.score(run.spec().dataset, class_set);
  return score == nullptr ? Cell() : exact(score->accuracy);
}

/// "2026-11-28T06:33:18.720Z" -> "2026-11-28 06:33:18"
std::string to_the_second(const std::string& time) {
  return time.size() < 19 ? time : time.substr(0, 10) + " " + time.substr(11, 8);
}

std::string names_of(const std::vector<Protocol>& protocols) {
  std::vector<std::string_view> names;
  for (const Protocol protocol : protocols) names.push_back(to_string(protocol));
  return fmt::format("{}", fmt::join(names, " "));
}

/// A report whose first columns say which run a row is of, and how far it is.
Report empty_run_report(const std::string& title) {
  Report report{.table = {.title = title,
                          .columns = {{"Id", Alignment::left},
                                      {"Method", Alignment::left},
                                      {"Dataset", Alignment::left},
                                      {"Shots"},
                                      {"Seed"},
                                      {"Status", Alignment::left}},
                          .rows = {},
                          .notes = {}},
                .records = {.title = title, .columns = {}, .rows = {}, .notes = {}}};
  add_columns(report.records, {"id", "method", "dataset", "shots", "seed", "status"});
  return report;
}

/// The cells of those columns; `otherwise` for shots and seeds that a method does not have.
std::vector<Cell> identity_of(const RunResults& run, const char* otherwise) {
  return {run.record.id,
          run.spec().method,
          run.spec().dataset,
          run.is_trained() ? count(run.spec().shots) : Cell(otherwise),
          run.has_seed() ? count(run.spec().seed) : Cell(otherwise),
          std::string(to_string(run.record.status))};
}

}  // namespace

Report run_report(const Runs& runs) {
  Report report = empty_run_report(plural(runs.size(), "run"));
  add_columns(report.table, {"Base", "New", "All"}, "%");
  report.table.columns.push_back({"Ended (UTC)", Alignment::left});
  auto& names = report.records.columns;
  names.insert(names.begin() + 1, {"protocols"});
  names.insert(names.begin() + 4, {"classes"});
  add_columns(report.records, {"attempts"});
  add_columns(report.records, {"base", "new", "all"}, "%");
  add_columns(report.records, {"ended", "error"});
  for (const RunResults* run : runs) {
    auto& shown = report.table.rows.emplace_back(identity_of(*run, "-"));
    for (const char* class_set : {"base", "new", "all"}) shown.push_back(shown_accuracy(*run, class_set));
    shown.emplace_back(to_the_second(run->record.ended));
    auto& record = report.records.rows.emplace_back(identity_of(*run, ""));
    record.insert(record.begin() + 1, names_of(run->record.protocols));
    record.insert(record.begin() + 4, run->spec().classes);
    record.push_back(count(run->record.attempts));
    for (const char* class_set : {"base", "new", "all"}) record.push_back(exact_accuracy(*run, class_set));
    record.emplace_back(run->record.ended);
    record.emplace_back(run->record.error);
  }
  return report;
}

Report failure_report(Runs runs) {
  std::erase_if(runs, [](const RunResults* run) { return run->record.error.empty(); });
  Report report = empty_run_report(plural(runs.size(), "run") + " with a failure");
  report.table.columns.push_back({"Attempts"});
  report.table.columns.push_back({"Error", Alignment::left});
  add_columns(report.records, {"attempts", "ended", "error"});
  for (const RunResults* run : runs) {
    const RunRecord& record = run->record;
    auto& shown = report.table.rows.emplace_back(identity_of(*run, "-"));
    shown.insert(shown.end(), {count(record.attempts), record.error});
    auto& cells = report.records.rows.emplace_back(identity_of(*run, ""));
    cells.insert(cells.end(), {count(record.attempts), record.ended, record.error});
  }
  return report;
}

std::vector<std::string> note_errors(const Runs& runs) {
  std::vector<std::string> notes;
  for (const RunResults* run : runs) {
    if (!run->record.error.empty()) notes.push_back(fmt::format("{}: {}", run->record.id, run->record.error));
  }
  return notes;
}

}  // namespace promptbed
