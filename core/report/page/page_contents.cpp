#include "report/page/page_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "data/suites/suite.h"
#include "report/figures/figure_base_new.h"
#include "report/figures/figure_few_shot.h"
#include "report/figures/figure_loss.h"
#include "report/figures/figure_transfer.h"
#include "report/grid/base_new_table.h"
#include "report/grid/versus.h"
#include "report/page/sweep_commands.h"
#include "report/select/run_list.h"
#include "report/select/run_selection.h"

namespace promptbed {
namespace {

/// What a page says about a table before it shows it.
struct Introduction {
  std::string_view table;
  std::string_view heading;
  std::string_view lead;
};

constexpr std::array kIntroductions = {
    Introduction{"base-new", "Base to new",
                 "Each method is trained on the first half of a dataset's classes and tested on that half "
                 "(base) and on "
                 "the other (new). H is the harmonic mean of the two numbers beside it."},
    Introduction{"few-shot", "Few-shot",
                 "Each method is trained on all classes of a dataset, with more and more images of each, and "
                 "tested on "
                 "all of them."},
    Introduction{
        "cross-dataset", "Cross-dataset",
        "Each method is trained on all classes of one dataset, the source, and tested as it is on others."},
    Introduction{
        "domain", "Domain shift",
        "Each method is trained on all classes of one dataset, the source, and tested as it is on shifted "
        "versions of it."},
    Introduction{"ablation", "Learned parameters",
                 "What more learned parameters give on base classes, and what they cost on new ones."},
    Introduction{"efficiency", "Efficiency", "What training and testing took."},
    Introduction{"runs", "Runs", "Every run, and how its training went."},
    Introduction{"failures", "Failures", "Runs and tests that are missing above, and why."},
};

Introduction introduction_to(const std::string& table) {
  const auto known = std::ranges::find(kIntroductions, table, &Introduction::table);
  return known == kIntroductions.end() ? Introduction{table, table, ""} : *known;
}

/// What the columns are compared with where nothing was asked for: coop where cocoop is there too, or else
/// the first method without training; "" where there is nothing to compare.
std::string reference_among(const BaseNewTable& table) {
  if (table.columns.size() < 2) return "";
  const auto has = [&](const char* label) {
    return std::ranges::find(table.columns, label, &BaseNewColumn::label) != table.columns.end();
  };
  if (has("coop") && has("cocoop")) return "coop";
  const auto untrained = std::ranges::find_if(
      table.columns, [](const BaseNewColumn& column) { return !column.average.base.is_trained(); });
  return untrained == table.columns.end() ? "" : untrained->label();
}

/// The column whose gains a page shows: cocoop, or else the other one with the greatest H.
std::string compared_label(const BaseNewTable& table, const std::string& reference) {
  const BaseNewColumn* best = nullptr;
  for (const BaseNewColumn& column : table.columns) {
    if (column.label() == reference) continue;
    if (column.label() == "cocoop") return "cocoop";
    if (best == nullptr || column.average.h.mean > best->average.h.mean) best = &column;
  }
  return best->label();
}

std::vector<Figure> base_new_figures(const BaseNewTable& table, const std::optional<std::string>& asked,
                                     Looks& looks) {
  std::vector<Figure> figures = {base_new_figure(table, looks)};
  const std::string reference = asked ? *asked : reference_among(table);
  if (reference.empty()) return figures;
  const Versus gains = versus(comparison_of(table), reference);
  Figure figure = asked ? gains_figure(gains) : gains_figure(gains, compared_label(table, reference));
  if (!figure.panels.empty()) figures.push_back(std::move(figure));
  return figures;
}

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

std::string plural(size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "4 methods on 11 datasets: a, b, c and d. 110 finished runs with 16 shots and the seeds 1, 2 and 3."
std::string summary_of(const RunSelection& selection) {
  std::set<std::string> methods, datasets;
  std::set<int64_t> shots, seeds;
  for (const SelectedRun& run : selection.runs) {
    methods.insert(run.spec().method);
    datasets.insert(run.spec().dataset);
    if (!run.is_trained()) continue;
    shots.insert(run.spec().shots);
    seeds.insert(run.spec().seed);
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

/// The best of a column's averages, and whose they are; nothing where the best is incomplete.
std::optional<Highlight> best_average(const Table& table, const std::string& title, const std::string& name) {
  std::optional<Highlight> best;
  for (const size_t row : table.summary_rows) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const Cell& cell = table.rows[row][i];
      if (table.columns[i].title != title || !cell.best || cell.incomplete) continue;
      if (!best) {
        best = Highlight{name, cell.text + " %", table.columns[i].group};
      } else {
        best->of += ", " + table.columns[i].group;
      }
    }
  }
  return best;
}

/// Those of base-to-new generalisation, which is what the papers are about.
std::vector<Highlight> best_averages(const Table& base_new) {
  std::vector<Highlight> highlights;
  for (const auto& [title, name] :
       {std::pair("Base", "Best base accuracy"), {"New", "Best new accuracy"}, {"H", "Best H"}}) {
    if (auto best = best_average(base_new, title, name)) highlights.push_back(*std::move(best));
  }
  return highlights;
}

Highlight count_of_runs(const RunSelection& selection, size_t failures) {
  return {"Finished runs", std::to_string(selection.runs.size()),
          failures == 0 ? "none failed" : fmt::format("{} with a failure", failures)};
}

/// The suite of all datasets that something was trained on, or else that were tested; nullptr where there is
/// none.
const Suite* suite_of(const RunSelection& selection, const std::vector<Suite>& suites) {
  std::set<std::string> trained_on, all;
  for (const SelectedRun& run : selection.runs) {
    all.insert(run.spec().dataset);
    if (run.is_trained()) trained_on.insert(run.spec().dataset);
  }
  for (const Suite& suite : suites) {
    if (holds(suite, trained_on.empty() ? all : trained_on)) return &suite;
  }
  return nullptr;
}

}  // namespace

size_t count_failures(const Ledger& ledger, const ReportQuery& query) {
  const std::vector<RunRecord> runs = list_runs(ledger, query, "");
  return static_cast<size_t>(
      std::ranges::count_if(runs, [](const RunRecord& run) { return !run.error.empty(); }));
}

std::string section_heading(const std::string& table) {
  return std::string(introduction_to(table).heading);
}

PageSection section_for(const Ledger& ledger, const TableRequest& request,
                        const std::filesystem::path& suites, Looks& looks) {
  PageSection section{.id = request.table,
                      .heading = section_heading(request.table),
                      .lead = std::string(introduction_to(request.table).lead),
                      .figures = figures_for(ledger, request, suites, looks),
                      .table = make_report(ledger, request, suites).table};
  if (request.table == "base-new" && !request.versus && !request.paper)
    section.highlights = best_averages(*section.table);
  return section;
}

std::vector<Figure> figures_for(const Ledger& ledger, const TableRequest& request,
                                const std::filesystem::path& suites, Looks& looks) {
  const auto& [table, query, versus, paper] = request;
  if (table == "base-new") return base_new_figures(base_new_table(ledger, query), versus, looks);
  if (table == "few-shot") return {few_shot_figure(few_shot_table(ledger, query), looks)};
  if (table == "cross-dataset" || table == "domain")
    return {transfer_figure(transfer_table(ledger, query, table, shifts_in(suites)), looks)};
  if (table != "runs") return {};
  const RunSelection selection = select_runs(ledger, query, "");
  Figure figure = loss_figure(selection, query, epochs_of(ledger, selection), looks);
  if (figure.panels.empty()) return {};
  return {std::move(figure)};
}

Figure picture_for(const Ledger& ledger, const TableRequest& request, const std::filesystem::path& suites) {
  Looks looks;
  std::vector<Figure> figures = figures_for(ledger, request, suites, looks);
  if (figures.empty()) {
    throw Error(
        fmt::format("--plot: there is no picture of --table {}; choose base-new, few-shot, cross-dataset, "
                    "domain or runs (their "
                    "training loss)",
                    request.table));
  }
  return request.versus ? std::move(figures.back()) : std::move(figures.front());
}

Page page_of(const Ledger& ledger, const ReportQuery& query, std::vector<PageSection> sections,
             const std::filesystem::path& suites) {
  const RunSelection selection = select_runs(ledger, query, "");
  const std::vector<Suite> known = read_suites(suites);
  const Suite* suite = suite_of(selection, known);
  Page page{.title = suite != nullptr ? suite->title : "Prompt learning, compared",
            .summary = summary_of(selection),
            .highlights = {},
            .sections = std::move(sections),
            .making = making_of(ledger, selection, query, known),
            .ledger = ledger.path().filename().string()};
  for (const PageSection& section : page.sections)
    page.highlights.insert(page.highlights.end(), section.highlights.begin(), section.highlights.end());
  page.highlights.push_back(count_of_runs(selection, count_failures(ledger, query)));
  return page;
}

}  // namespace promptbed
