#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/select/selection.h"

/// How the runs of a table are grouped, and in which order.
namespace promptbed {

/// The runs of one variant of a method. Runs with different settings are never in one series.
struct Series {
  std::string method;
  std::string variant;  ///< "n_ctx=16": what differs from the other variants; "" for the only one
  Runs runs;

  /// What tables call it: "coop n_ctx=16".
  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// The series of the methods that the query names, in its order, or else of all in the selection's; a
/// method's variants by their first runs, the oldest first. One without runs for a method that has none. They
/// point into the selection.
std::vector<Series> series_of(const RunSelection& selection, const ReportQuery& query);

/// The methods of the selection's runs, in its order.
std::vector<std::string> methods_of(const RunSelection& selection);

/// The datasets that the query names, or else those that the runs were made on, in the query's order.
std::vector<std::string> datasets_of(const RunSelection& selection, const ReportQuery& query);

/// Datasets in the query's order; as they are if the query names datasets.
std::vector<std::string> in_order(std::vector<std::string> datasets, const ReportQuery& query);

/// The seeds that means are over: the query's, or else those of the trained runs, ascending.
std::vector<int64_t> seeds_of(const RunSelection& selection, const ReportQuery& query);

/// Those made on a dataset.
Runs runs_on(const Runs& runs, std::string_view dataset);

}  // namespace promptbed
