#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/select/query.h"
#include "report/select/snapshot.h"
#include "table/table.h"

namespace promptbed {

/// How accurate prompts were after an epoch of their training: averages over datasets, by seed.
struct Stage {
  int64_t epoch = 0;  ///< from 1
  Accuracy base;
  Accuracy on_new;  ///< without a mean if the method cannot serve the new classes of all datasets
};

/// How the training of one variant of a method went.
struct Course {
  std::string method;
  std::string variant;                ///< "" for the only one
  std::vector<std::string> datasets;  ///< that were tracked
  std::vector<Stage> stages;          ///< of the epochs that all runs have on record

  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// What was tracked in training (`runner sweep --track-new`).
struct Courses {
  std::vector<Course> all;
  std::optional<int64_t> shots;
  std::vector<int64_t> seeds;
  Spread spread = Spread::none;
  std::vector<std::string> notes;  ///< what was not tracked, and what was left out

  Report report() const;
};

/// Reads them from the finished runs that a base-new sweep asked for. Throws Error if nothing was tracked,
/// and as select_runs and chosen_shots do.
Courses courses_of(const Snapshot& snapshot, const ReportQuery& query);

}  // namespace promptbed
