#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/select/run_selection.h"

namespace promptbed {

using Runs = std::vector<const SelectedRun*>;

/// The runs of one variant of a method. Runs with different settings are never in one series.
struct Series {
  std::string method;
  std::string variant;  ///< "n_ctx=16": what differs from the other variants; "" for the only one
  Runs runs;

  /// How tables call it: "coop n_ctx=16".
  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// The series of the methods that the query names, or else of all, by name; one without runs for a method
/// that has none. They point into the selection.
std::vector<Series> series_of(const RunSelection& selection, const ReportQuery& query);

/// The datasets that the query names, or else those that the runs were made on, in the query's order.
std::vector<std::string> datasets_of(const RunSelection& selection, const ReportQuery& query);

/// Datasets in the query's order; as they are where the query names datasets.
std::vector<std::string> in_order(std::vector<std::string> datasets, const ReportQuery& query);

/// The seeds that means are to be over: the query's, or else those of the trained runs, ascending.
std::vector<int64_t> seeds_of(const RunSelection& selection, const ReportQuery& query);

/// The trained ones of a number of shots, and those without training.
Runs runs_at(const Runs& runs, int64_t shots);

/// Those made on a dataset.
Runs runs_on(const Runs& runs, std::string_view dataset);

/// What these runs, which differ in their seeds, scored on a dataset's class set.
Accuracy accuracy_of(const Runs& runs, std::string_view dataset, std::string_view class_set);

}  // namespace promptbed
