#include "report/page/make_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>
#include <utility>

#include "report/figures/grid_figures.h"
#include "report/page/sweep_commands.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

/// "a, b and c"
std::string in_words(std::vector<std::string> words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::string last = words.back();
  words.pop_back();
  return fmt::format("{} and {}", fmt::join(words, ", "), last);
}

template <class Value>
std::string in_words(const std::set<Value>& values) {
  std::vector<std::string> words;
  for (const Value& value : values) words.push_back(fmt::format("{}", value));
  return in_words(std::move(words));
}

/// "4 methods on 11 datasets: a, b, c and d. 110 finished runs with 16 shots and the seeds 1, 2 and 3."
std::string summary_of(const RunSelection& selection) {
  const std::vector<std::string> methods = methods_of(selection);
  std::set<std::string> datasets;
  std::set<int64_t> shots, seeds;
  for (const RunResults& run : selection.runs) {
    datasets.insert(run.spec().dataset);
    if (run.has_seed()) seeds.insert(run.spec().seed);
    if (run.is_trained()) shots.insert(run.spec().shots);
  }
  std::string summary =
      fmt::format("{} on {}: {}. {}", plural(methods.size(), "method"), plural(datasets.size(), "dataset"),
                  in_words(methods), plural(selection.runs.size(), "finished run"));
  if (!shots.empty()) {
    summary +=
        fmt::format(" with {} shot{} and {} {}", in_words(shots), shots == std::set<int64_t>{1} ? "" : "s",
                    seeds.size() == 1 ? "seed" : "the seeds", in_words(seeds));
  }
  return summary + ".";
}

/// The best of the averages under a title, and whose it is; nothing if the best is incomplete.
std::optional<Highlight> best_average(const Table& table, const std::string& title, const std::string& name) {
  std::optional<Highlight> best;
  for (const size_t row : table.summary_rows) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const Cell& cell = table.rows[row][i];
      if (table.columns[i].title != title || !cell.best || cell.incomplete) continue;
      // Methods are groups of columns or, in a table that is turned, rows.
      const std::string& group = table.columns[i].group;
      const std::string& method = group.empty() ? table.rows[row][1].text : group;
      if (!best) {
        best = Highlight{name, cell.text + " %", method};
      } else {
        best->of += ", " + method;
      }
    }
  }
  return best;
}

std::vector<Highlight> best_averages(const Table& table) {
  std::vector<Highlight> highlights;
  for (const auto& [title, name] :
       {std::pair("Base", "Best base accuracy"), {"New", "Best new accuracy"}, {"H", "Best H"}}) {
    if (auto best = best_average(table, title, name)) highlights.push_back(*std::move(best));
  }
  return highlights;
}

/// How many of the runs that the query takes failed, or are done but for a test that could not be made.
size_t count_failures(const Snapshot& snapshot, const ReportQuery& query) {
  const Runs runs = runs_in(snapshot, query, {});
  return static_cast<size_t>(
      std::ranges::count_if(runs, [](const RunResults* run) { return !run->record.error.empty(); }));
}

Highlight count_of_runs(const RunSelection& selection, size_t failures) {
  return {"Finished runs", std::to_string(selection.runs.size()),
          failures == 0 ? "none failed" : fmt::format("{} with a failure", failures)};
}

/// The suite with all datasets that something was trained on, or, if nothing was trained, with all that were
/// tested; nullptr if there is none.
const Suite* suite_of(const RunSelection& selection, const std::vector<Suite>& suites) {
  std::set<std::string> trained_on, all;
  for (const RunResults& run : selection.runs) {
    all.insert(run.spec().dataset);
    if (run.is_trained()) trained_on.insert(run.spec().dataset);
  }
  for (const Suite& suite : suites) {
    if (holds(suite, trained_on.empty() ? all : trained_on)) return &suite;
  }
  return nullptr;
}

/// What is asked for, of a table, without the options that it has no use for.
TableRequest request_for(const TableKind& kind, const ReportSources& sources, const PageRequest& asked) {
  TableRequest request = asked.table;
  request.kind = &kind;
  if (!kind.has_versus) request.versus.reset();
  if (!kind.has_paper) request.paper = false;
  if (!kind.has_source()) request.query.source.clear();
  if (!kind.has_accuracies) request.query.spread = Spread::none;
  if (!kind.has_metrics) request.query.metric = Metric::accuracy;
  choose_suite(request, sources, asked.suite);
  return request;
}

PageSection make_section(const ReportSources& sources, const TableRequest& request, Looks& looks) {
  Exhibit exhibit = make_exhibit(sources, request, &looks);
  PageSection section{.id = std::string(request.kind->name),
                      .heading = std::string(request.kind->heading),
                      .lead = std::string(request.kind->lead),
                      .figures = std::move(exhibit.figures),
                      .table = std::move(exhibit.report.table)};
  const bool is_of_accuracies = !request.versus && !request.paper && request.query.metric == Metric::accuracy;
  if (request.kind->has_highlights && is_of_accuracies) section.highlights = best_averages(*section.table);
  return section;
}

/// Adds the sections of all tables that there is something for, and says which could not be made.
void add_sections(Page& page, const ReportSources& sources, const PageRequest& asked) {
  Looks looks = looks_of(sources.snapshot);
  bool versus_is_followed = false, source_is_followed = false;
  for (const TableKind& kind : table_kinds()) {
    try {
      if (!has_rows(kind, sources.snapshot, asked.table.query)) continue;
      const TableRequest request = request_for(kind, sources, asked);
      if (!has_rows(kind, sources.snapshot, request.query)) continue;
      page.sections.push_back(make_section(sources, request, looks));
      versus_is_followed = versus_is_followed || kind.has_versus;
      source_is_followed = source_is_followed || kind.has_source();
    } catch (const Error& fault) {
      page.left_out.push_back({std::string(kind.heading), fault.what()});
    }
  }
  // An option that no table could follow is a mistake to report, not a table to leave out.
  const bool is_followed =
      (!asked.table.versus || versus_is_followed) && (asked.table.query.source.empty() || source_is_followed);
  if (!is_followed && !page.left_out.empty()) throw Error(page.left_out.front().reason);
}

void add_named_section(Page& page, const ReportSources& sources, const PageRequest& asked) {
  Looks looks = looks_of(sources.snapshot);
  TableRequest request = asked.table;
  choose_suite(request, sources, asked.suite);
  page.sections.push_back(make_section(sources, request, looks));
}

}  // namespace

Page make_page(const ReportSources& sources, const PageRequest& asked) {
  Page page;
  const ReportQuery query = request_for(table_kind("runs"), sources, asked).query;
  if (asked.names_table) {
    add_named_section(page, sources, asked);
  } else {
    add_sections(page, sources, asked);
  }
  const RunSelection selection = select_runs(sources.snapshot, query, {});
  const Suite* suite = suite_of(selection, sources.suites);
  page.title = suite != nullptr ? suite->title : "Prompt learning, compared";
  page.summary = summary_of(selection);
  page.making = making_of(sources.snapshot, selection, query, sources.suites);
  page.ledger = sources.snapshot.path().filename().string();
  page.origin = origin_of(sources.snapshot, selection);
  for (const PageSection& section : page.sections)
    page.highlights.insert(page.highlights.end(), section.highlights.begin(), section.highlights.end());
  page.highlights.push_back(count_of_runs(selection, count_failures(sources.snapshot, query)));
  return page;
}

}  // namespace promptbed
