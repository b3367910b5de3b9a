#include "report/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/suggestion.h"
#include "report/figures/grid_figures.h"
#include "report/grid/accuracy_tables.h"
#include "report/grid/efficiency.h"
#include "report/grid/paper.h"
#include "report/grid/runs.h"
#include "report/grid/versus.h"
#include "report/select/filters.h"
#include "report/select/series.h"

namespace promptbed {
namespace {

/// The architecture of the grid's model, which all its runs share; "" if the ledger does not know it.
std::string architecture_of(const Snapshot& snapshot, const Grid& grid) {
  for (const GridSeries& series : grid.series) {
    for (const GridCell& cell : series.cells) {
      if (!cell.spec) continue;
      const ModelRecord* model = snapshot.model(cell.spec->model);
      return model == nullptr ? "" : model->architecture;
    }
  }
  return "";
}

/// Says in the records which metric stands in the accuracies' place.
void name_metric(Table& records, Metric metric) {
  if (metric == Metric::accuracy) return;
  records.columns.push_back({"metric"});
  for (auto& row : records.rows) row.emplace_back(std::string(to_string(metric)));
}

using FiguresOf = std::vector<Figure>(const Grid& grid, const std::optional<std::string>& versus,
                                      Looks& looks);

std::vector<Figure> gains_alone(const Grid& grid, const std::optional<std::string>& versus, Looks&) {
  std::vector<Figure> figures;
  add_gains(grid, versus, figures);
  return figures;
}

/// A table of accuracies with its figures.
template <Report (*kReportOf)(const Grid& grid), FiguresOf kFiguresOf, bool kHasParameters = false>
Exhibit project(const ReportSources& sources, const TableRequest& request, Looks* looks) {
  const Grid grid = make_grid(sources.snapshot, request.query, *request.kind->protocol, sources.suites);
  Exhibit exhibit;
  if (request.versus) {
    exhibit.report = versus(grid, *request.versus).report();
  } else if (request.paper) {
    exhibit.report = paper_table(grid, read_published(sources.folder),
                                 architecture_of(sources.snapshot, grid), kHasParameters)
                         .report();
  } else {
    exhibit.report = kReportOf(grid);
  }
  exhibit.report.table = turned_if_wide(exhibit.report.table, "Method");
  name_metric(exhibit.report.records, request.query.metric);
  if (looks != nullptr) exhibit.figures = kFiguresOf(grid, request.versus, *looks);
  return exhibit;
}

Exhibit make_calibration(const ReportSources& sources, const TableRequest& request, Looks* looks) {
  const Grid grid = make_grid(sources.snapshot, request.query, *request.kind->protocol, sources.suites,
                              calibration_measures());
  Exhibit exhibit{.report = calibration_report(grid), .figures = {}};
  if (looks == nullptr) return exhibit;
  Figure figure = reliability_figure(sources.snapshot, request.query, *looks);
  if (!figure.panels.empty()) exhibit.figures.push_back(std::move(figure));
  return exhibit;
}

Exhibit make_by_epoch(const ReportSources& sources, const TableRequest& request, Looks* looks) {
  const Courses courses = courses_of(sources.snapshot, request.query);
  Exhibit exhibit{.report = courses.report(), .figures = {}};
  if (looks != nullptr) exhibit.figures.push_back(course_figure(courses, *looks));
  return exhibit;
}

/// The runs of any status and protocol that the query takes. Throws Error if there are none.
Runs runs_to_show(const Snapshot& snapshot, const ReportQuery& query) {
  Runs runs = found_runs(snapshot, query);
  if (!runs.empty()) return runs;
  const std::string ledger = snapshot.path().string();
  throw Error(snapshot.runs().empty()
                  ? fmt::format("{}: holds no run; run `runner sweep` first", ledger)
                  : fmt::format("{}: holds no run with these choices; leave some out", ledger));
}

Exhibit make_runs(const ReportSources& sources, const TableRequest& request, Looks* looks) {
  Exhibit exhibit{.report = run_report(runs_to_show(sources.snapshot, request.query)), .figures = {}};
  if (looks == nullptr) return exhibit;
  Figure figure = loss_figure(sources.snapshot, request.query, *looks);
  if (!figure.panels.empty()) exhibit.figures.push_back(std::move(figure));
  return exhibit;
}

Exhibit make_failures(const ReportSources& sources, const TableRequest& request, Looks*) {
  return {.report = failure_report(runs_to_show(sources.snapshot, request.query)), .figures = {}};
}

Exhibit make_efficiency(const ReportSources& sources, const TableRequest& request, Looks*) {
  return {.report = efficiency_table(sources.snapshot, request.query).report(), .figures = {}};
}

template <class Ability>
std::string names_of_those_with(const Ability& ability) {
  std::vector<std::string_view> names;
  for (const TableKind& kind : table_kinds()) {
    if (std::invoke(ability, kind)) names.push_back(kind.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_abilities(const TableRequest& request) {
  const TableKind& kind = *request.kind;
  if (request.versus && !kind.has_versus) {
    throw Error(fmt::format("--versus: goes with the tables {}, not with {}",
                            names_of_those_with(&TableKind::has_versus), kind.name));
  }
  if (request.paper && !kind.has_paper) {
    throw Error(fmt::format("--paper: goes with the tables {}; no figures are at hand for {}",
                            names_of_those_with(&TableKind::has_paper), kind.name));
  }
  if (!request.query.source.empty() && !kind.has_source()) {
    throw Error(fmt::format("--source: goes with the tables {}, not with {}",
                            names_of_those_with(&TableKind::has_source), kind.name));
  }
  if (request.query.metric != Metric::accuracy && !kind.has_metrics) {
    throw Error(fmt::format("--metric: goes with the tables {}, not with {}",
                            names_of_those_with(&TableKind::has_metrics), kind.name));
  }
  if (request.query.metric != Metric::accuracy && request.paper)
    throw Error("--paper: published figures are accuracies; leave --metric out");
  if (request.query.spread != Spread::none && request.versus)
    throw Error("--spread: --versus has intervals of its own; leave --spread out");
  if (request.query.spread != Spread::none && (!kind.has_accuracies || request.paper))
    throw Error("--spread: goes with means of accuracies alone; leave it out");
  if (request.paper && request.versus)
    throw Error("--paper and --versus are two tables; leave one of them out");
}

/// What the runs of a table were made on and, where it has targets, tested on. A run that several protocols
/// asked for may have tests that are none of this table's.
std::set<std::string> datasets_in(const Snapshot& snapshot, const TableKind& kind) {
  std::set<std::string> datasets;
  for (const RunResults* run : runs_in(snapshot, {}, kind.protocol)) {
    datasets.insert(run->spec().dataset);
    if (!kind.has_source()) continue;
    for (const Score& score : run->scores) datasets.insert(score.dataset);
    for (const Refusal& refusal : run->refusals) datasets.insert(refusal.dataset);
  }
  return datasets;
}

std::vector<std::string> those_of(const Suite& suite, const std::set<std::string>& datasets) {
  std::vector<std::string> found;
  for (const DatasetSpec& dataset : suite.datasets) {
    if (datasets.contains(dataset.id)) found.push_back(dataset.id);
  }
  return found;
}

/// Whether a test of the run has confidences on record.
bool has_confidences(const Snapshot& snapshot, const RunResults& run) {
  return std::ranges::any_of(run.scores, [&](const Score& score) {
    return !snapshot.confidences(run.record.id, score.dataset, score.class_set).empty();
  });
}

}  // namespace

ReportSources::ReportSources(const Ledger& ledger, const std::filesystem::path& suite_folder)
    : snapshot(ledger), folder(suite_folder), suites(read_suites(suite_folder)) {}

const std::vector<TableKind>& table_kinds() {
  static const std::vector<TableKind> kinds = {
      {.name = "base-new",
       .protocol = Protocol::base_new,
       .summary = "base, new and H by dataset and method",
       .heading = "Base to new",
       .lead =
           "Each method is trained on the first half of a dataset's classes and tested on that half (base) "
           "and on the other (new). H is the harmonic mean of the two numbers beside it.",
       .has_accuracies = true,
       .has_metrics = true,
       .has_versus = true,
       .has_paper = true,
       .has_figures = true,
       .has_highlights = true,
       .make = project<base_new_report, base_new_figures>},
      {.name = "open-world",
       .protocol = Protocol::open_world,
       .summary = "accuracy on base and new together, AUROC of base against new, OpenworldAUC",
       .heading = "Open world",
       .lead = "Each method is trained on the first half of a dataset's classes and tested on the images of "
               "both halves, among the classes of both. AUROC: how often an image of a base class looks more "
               "like one than an image of a new class does. OpenworldAUC: how often, besides, both are "
               "classified right within their halves.",
       .has_accuracies = true,
       .has_versus = true,
       .make = project<open_world_report, gains_alone>},
      {.name = "calibration",
       .protocol = Protocol::base_new,
       .summary = "how sure predictions are and how right, on base and new: confidence, calibration errors",
       .heading = "Calibration",
       .lead = "How sure methods are of their predictions, and how far that is from how often they are right "
               "(ECE: expected calibration error), on base and on new classes.",
       .has_accuracies = true,
       .has_figures = true,
       .is_of_calibration = true,
       .make = make_calibration},
      {.name = "by-epoch",
       .protocol = Protocol::base_new,
       .summary = "base, new and H by epoch of training, of sweeps with --track-new",
       .heading = "By epoch",
       .lead = "The prompts of the base-to-new table while they were trained. Where accuracy on new classes "
               "falls as that on base classes rises, they stop generalising.",
       .has_accuracies = true,
       .has_figures = true,
       .is_of_tracking = true,
       .make = make_by_epoch},
      {.name = "few-shot",
       .protocol = Protocol::few_shot,
       .summary = "accuracy on all classes by dataset, method and shots",
       .heading = "Few-shot",
       .lead = "Each method is trained on all classes of a dataset, with more and more images of each, and "
               "tested on all of them.",
       .has_accuracies = true,
       .has_metrics = true,
       .has_versus = true,
       .has_figures = true,
       .make = project<few_shot_report, few_shot_figures>},
      {.name = "cross-dataset",
       .protocol = Protocol::cross_dataset,
       .summary = "accuracy on the source and on other datasets",
       .heading = "Cross-dataset",
       .lead = "Each method is trained on all classes of one dataset, the source, and tested as it is on "
               "others.",
       .has_accuracies = true,
       .has_metrics = true,
       .has_versus = true,
       .has_paper = true,
       .has_figures = true,
       .spans_suites = true,
       .make = project<transfer_report, transfer_figures>},
      {.name = "domain",
       .protocol = Protocol::domain,
       .summary = "accuracy on the source and on its shifted versions",
       .heading = "Domain shift",
       .lead = "Each method is trained on all classes of one dataset, the source, and tested as it is on "
               "shifted versions of it.",
       .has_accuracies = true,
       .has_metrics = true,
       .has_versus = true,
       .has_paper = true,
       .has_figures = true,
       .spans_suites = true,
       .make = project<transfer_report, transfer_figures>},
      {.name = "ablation",
       .protocol = Protocol::base_new,
       .summary = "learned parameters, base, new and H",
       .heading = "Learned parameters",
       .lead = "What more learned parameters give on base classes, and what they cost on new ones.",
       .has_accuracies = true,
       .has_metrics = true,
       .has_paper = true,
       .make = project<ablation_report, gains_alone, /*kHasParameters=*/true>},
      {.name = "efficiency",
       .protocol = {},
       .summary = "learned parameters, seconds, images per second, memory",
       .heading = "Efficiency",
       .lead = "What training and testing took.",
       .spans_suites = true,
       .make = make_efficiency},
      {.name = "runs",
       .protocol = {},
       .summary = "all runs, one per row",
       .heading = "Runs",
       .lead = "Every run, and how its training went.",
       .has_figures = true,
       .spans_suites = true,
       .make = make_runs},
      {.name = "failures",
       .protocol = {},
       .summary = "what failed, and why",
       .heading = "Failures",
       .lead = "Runs and tests that are missing above, and why.",
       .spans_suites = true,
       .is_of_failures = true,
       .make = make_failures},
  };
  return kinds;
}

const TableKind& table_kind(std::string_view name) {
  const auto found = std::ranges::find(table_kinds(), name, &TableKind::name);
  if (found != table_kinds().end()) return *found;
  std::vector<std::string> names;
  for (const TableKind& kind : table_kinds()) names.emplace_back(kind.name);
  throw Error(fmt::format("--table {}: {}", name, remedy_for(name, names)));
}

bool has_rows(const TableKind& kind, const Snapshot& snapshot, const ReportQuery& asked) {
  ReportQuery query = asked;
  if (kind.has_source()) query.datasets.clear();  // they are targets; a trained run belongs to the source
  const Runs runs = runs_in(snapshot, query, kind.protocol);
  return std::ranges::any_of(runs, [&](const RunResults* run) {
    if (kind.is_of_calibration && !has_confidences(snapshot, *run)) return false;
    if (kind.is_of_tracking && snapshot.tracked(run->record.id).empty()) return false;
    return kind.is_of_failures ? !run->record.error.empty() : run->record.status == RunStatus::done;
  });
}

void choose_suite(TableRequest& request, const ReportSources& sources,
                  const std::optional<std::string>& suite) {
  ReportQuery& query = request.query;
  if (!query.datasets.empty()) return;
  const std::set<std::string> datasets = datasets_in(sources.snapshot, *request.kind);
  if (suite) {
    query.datasets = those_of(read_suite(sources.folder, *suite), datasets);
    if (query.datasets.empty())
      throw Error(fmt::format("no run on the datasets of suite {}; run the sweep first", *suite));
    return;
  }
  std::vector<std::string> found;
  for (const Suite& each : sources.suites) {
    const std::vector<std::string> own = those_of(each, datasets);
    if (!own.empty()) found.push_back(each.id);
    query.order.insert(query.order.end(), own.begin(), own.end());
  }
  if (found.size() > 1 && !request.kind->spans_suites) {
    throw Error(fmt::format("{}: has runs on the suites {}; choose one with --suite",
                            sources.snapshot.path().string(), fmt::join(found, ", ")));
  }
}

Exhibit make_exhibit(const ReportSources& sources, const TableRequest& request, Looks* looks) {
  check_abilities(request);
  return request.kind->make(sources, request, looks);
}

Figure make_plot(const ReportSources& sources, const TableRequest& request) {
  Looks looks = looks_of(sources.snapshot);
  std::vector<Figure> figures = make_exhibit(sources, request, &looks).figures;
  if (request.versus) {
    const auto gains = std::ranges::find(figures, kGains, &Figure::id);
    if (gains != figures.end()) return std::move(*gains);
    throw Error(fmt::format("--plot: no run can be compared with {}; the table's notes say what is missing",
                            *request.versus));
  }
  if (!figures.empty()) return std::move(figures.front());
  if (request.kind->has_figures) {
    throw Error(
        fmt::format("--plot: --table {} has nothing to draw of these runs; its notes say what is missing",
                    request.kind->name));
  }
  throw Error(fmt::format("--plot: there is no plot of --table {}; {}choose {}", request.kind->name,
                          request.kind->has_versus ? "give --versus METHOD, or " : "",
                          names_of_those_with(&TableKind::has_figures)));
}

}  // namespace promptbed
