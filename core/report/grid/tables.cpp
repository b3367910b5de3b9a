#include "report/grid/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>

#include "report/grid/ablation_table.h"
#include "report/grid/base_new_table.h"
#include "report/grid/efficiency_table.h"
#include "report/grid/few_shot_table.h"
#include "report/grid/paper_table.h"
#include "report/grid/published.h"
#include "report/grid/run_table.h"
#include "report/grid/transfer_table.h"
#include "report/grid/versus.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// What the ledger knows of the shape of the model that the runs were made with; "" where it knows nothing.
std::string architecture_of(const Ledger& ledger, const std::optional<RunSpec>& spec) {
  if (!spec) return "";
  for (const ModelRecord& model : ledger.models()) {
    if (model.fingerprint == spec->model) return model.architecture;
  }
  return "";
}

/// Of any of the table's runs: they are all of one model.
std::optional<RunSpec> any_spec(const BaseNewTable& table) {
  for (const BaseNewColumn& column : table.columns) {
    for (const BaseNewCell& cell : column.cells) {
      if (cell.spec) return cell.spec;
    }
  }
  return std::nullopt;
}

std::optional<RunSpec> any_spec(const TransferTable& table) {
  for (const TransferColumn& column : table.columns) {
    if (column.spec) return column.spec;
  }
  return std::nullopt;
}

Report base_new_report(const Ledger& ledger, const TableRequest& request, const fs::path& suites) {
  const BaseNewTable table = base_new_table(ledger, request.query);
  const bool is_ablation = request.table == "ablation";
  if (request.versus) return versus(comparison_of(table), *request.versus).report();
  if (request.paper) {
    return paper_table(table, read_published(suites), architecture_of(ledger, any_spec(table)), is_ablation)
        .report();
  }
  return is_ablation ? ablation_report(table) : table.report();
}

Report transfer_report(const Ledger& ledger, const TableRequest& request, const fs::path& suites) {
  const TransferTable table = transfer_table(ledger, request.query, request.table, shifts_in(suites));
  if (request.versus) return versus(comparison_of(table), *request.versus).report();
  if (request.paper) {
    return paper_table(table, read_published(suites), architecture_of(ledger, any_spec(table))).report();
  }
  return table.report();
}

Report few_shot_report(const Ledger& ledger, const TableRequest& request) {
  const FewShotTable table = few_shot_table(ledger, request.query);
  return request.versus ? versus(comparison_of(table), *request.versus).report() : table.report();
}

/// The names of those tables that can do something.
std::string names_of(bool TableKind::*ability) {
  std::vector<std::string> names;
  for (const TableKind& kind : table_kinds()) {
    if (kind.*ability) names.emplace_back(kind.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_abilities(const TableRequest& request) {
  const TableKind& kind = table_kind(request.table);
  if (request.versus && !kind.has_versus) {
    throw Error(fmt::format("--versus: goes with the tables {}, not with {}",
                            names_of(&TableKind::has_versus), kind.name));
  }
  if (request.paper && !kind.has_paper) {
    throw Error(fmt::format("--paper: goes with the tables {}; no figures are at hand for {}",
                            names_of(&TableKind::has_paper), kind.name));
  }
  if (!request.query.source.empty() && !kind.has_source)
    throw Error(fmt::format("--source: goes with the tables {}, not with {}",
                            names_of(&TableKind::has_source), kind.name));
  if (request.query.spread != Spread::none && (!kind.has_accuracies || request.versus || request.paper))
    throw Error("--spread: goes with means of accuracies alone; leave it out");
  if (request.paper && request.versus)
    throw Error("--paper and --versus are two tables; leave one of them out");
}

}  // namespace

const std::vector<TableKind>& table_kinds() {
  static const std::vector<TableKind> kinds = {
      {.name = "base-new",
       .protocol = "base-new",
       .summary = "base, new and H by dataset and method",
       .has_accuracies = true,
       .has_versus = true,
       .has_paper = true},
      {.name = "few-shot",
       .protocol = "few-shot",
       .summary = "accuracy on all classes by dataset, method and shots",
       .has_accuracies = true,
       .has_versus = true},
      {.name = "cross-dataset",
       .protocol = "cross-dataset",
       .summary = "accuracy on the source and on other datasets",
       .has_accuracies = true,
       .has_versus = true,
       .has_paper = true,
       .has_source = true,
       .spans_suites = true},
      {.name = "domain",
       .protocol = "domain",
       .summary = "accuracy on the source and on its shifted versions",
       .has_accuracies = true,
       .has_versus = true,
       .has_paper = true,
       .has_source = true,
       .spans_suites = true},
      {.name = "ablation",
       .protocol = "base-new",
       .summary = "learned parameters, base, new and H",
       .has_accuracies = true,
       .has_paper = true},
      {.name = "efficiency",
       .summary = "learned parameters, seconds, images a second, memory",
       .spans_suites = true},
      {.name = "runs", .summary = "all runs, one a row", .spans_suites = true},
      {.name = "failures", .summary = "what failed, and why", .spans_suites = true},
  };
  return kinds;
}

const TableKind& table_kind(std::string_view name) {
  std::vector<std::string_view> names;
  for (const TableKind& kind : table_kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  throw Error(fmt::format("--table {}: known: {}", name, fmt::join(names, ", ")));
}

Report make_report(const Ledger& ledger, const TableRequest& request, const fs::path& suites) {
  check_abilities(request);
  const std::string& table = request.table;
  if (table == "base-new" || table == "ablation") return base_new_report(ledger, request, suites);
  if (table == "few-shot") return few_shot_report(ledger, request);
  if (table == "cross-dataset" || table == "domain") return transfer_report(ledger, request, suites);
  if (table == "efficiency") return efficiency_table(ledger, request.query).report();
  if (table == "runs") return run_report(ledger, request.query);
  return failure_report(ledger, request.query);
}

}  // namespace promptbed
