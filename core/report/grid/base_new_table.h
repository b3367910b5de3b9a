#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/select/report_query.h"
#include "results/ledger.h"
#include "table/report.h"

namespace promptbed {

/// One method on one dataset, over seeds.
struct BaseNewCell {
  Accuracy base;
  Accuracy unseen;  ///< on the new classes
  Accuracy h;
  ShotRange shots;  ///< training images that the classes really have; of trained methods
  std::optional<ParameterCount> parameters;  ///< learned numbers; nothing where they are not known or differ
  std::optional<RunSpec> spec;               ///< of one of its runs; the others have other seeds
};

/// One variant of a method on all datasets.
struct BaseNewColumn {
  std::string method;
  std::string variant;             ///< what differs from the method's other variants; "" for the only one
  std::vector<BaseNewCell> cells;  ///< one a dataset
  /// Over the datasets with both accuracies, with H of those means; of a method that cannot serve new
  /// classes, of the base accuracy.
  BaseNewCell average;
  std::vector<std::string> missing;  ///< datasets that the average lacks

  std::string label() const { return variant.empty() ? method : method + " " + variant; }

  /// Whether the average lacks a dataset or one of the seeds that it is to be over.
  bool is_incomplete(const std::vector<int64_t>& seeds) const;
};

/// Base-to-new generalisation in the form of table 1 of arXiv 2203.05557.
struct BaseNewTable {
  std::optional<int64_t> shots;  ///< nothing where no method is trained
  std::vector<int64_t> seeds;    ///< that the means are to be over
  std::vector<std::string> datasets;
  std::vector<BaseNewColumn> columns;
  std::vector<std::string> notes;  ///< gaps, and classes with fewer images than shots
  Spread spread = Spread::none;

  /// The table: a row a dataset below the average, three columns a method, two decimals, the best in each row
  /// marked. The records: one for each dataset and method, and the averages.
  Report report() const;
};

/// Builds the table from the finished runs. Where a dataset's split or words have changed, only its newest
/// ones count, and a note says so. Throws Error as select_runs and chosen_shots do.
BaseNewTable base_new_table(const Ledger& ledger, const ReportQuery& query);

}  // namespace promptbed
