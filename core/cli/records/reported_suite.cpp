#include "cli/records/reported_suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <promptbed/error.h>

#include <algorithm>
#include <set>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/run_list.h"

namespace promptbed {
namespace {

/// What the table's runs were made on and tested on.
std::set<std::string> datasets_of(const Ledger& ledger, const TableRequest& request) {
  std::set<std::string> runs, datasets;
  for (const RunRecord& run : list_runs(ledger, {}, table_kind(request.table).protocol)) {
    runs.insert(run.id);
    datasets.insert(run.spec.dataset);
  }
  for (const auto& [run, score] : ledger.scores()) {
    if (runs.contains(run)) datasets.insert(score.dataset);
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

}  // namespace

void choose_suite(TableRequest& request, const Ledger& ledger, const std::optional<std::string>& suite,
                  const std::filesystem::path& suites) {
  ReportQuery& query = request.query;
  if (!query.datasets.empty()) return;
  const std::set<std::string> datasets = datasets_of(ledger, request);
  if (suite) {
    query.datasets = those_of(read_suite(suites, *suite), datasets);
    if (query.datasets.empty())
      throw Error(fmt::format("no run on the datasets of suite {}; run the sweep first", *suite));
    return;
  }
  std::vector<std::string> found;
  for (const Suite& each : read_suites(suites)) {
    const std::vector<std::string> own = those_of(each, datasets);
    if (!own.empty()) found.push_back(each.id);
    query.order.insert(query.order.end(), own.begin(), own.end());
  }
  if (found.size() > 1 && !table_kind(request.table).spans_suites) {
    throw Error(fmt::format("{}: has runs on the suites {}; choose one with --suite", ledger.path().string(),
                            fmt::join(found, ", ")));
  }
}

}  // namespace promptbed
