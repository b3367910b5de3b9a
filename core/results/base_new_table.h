#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/ledger.h"
#include "results/table.h"

namespace promptbed {

/// What to compare. An empty list or text takes all that the ledger holds.
struct BaseNewQuery {
  std::vector<std::string> methods = {};   ///< columns in this order
  std::vector<std::string> datasets = {};  ///< rows in this order
  int64_t shots = 16;
  std::vector<int64_t> seeds = {};
  std::string model = {};  ///< fingerprint of the frozen weights, or how it begins
};

/// One method on one dataset, in percent; nothing where there is no score.
struct BaseNewCell {
  std::optional<double> base_accuracy;  ///< mean over seeds
  std::optional<double> new_accuracy;   ///< mean over seeds
  std::optional<double> h;              ///< harmonic mean of the two means, not the mean of the runs' H
  double base_deviation = 0;            ///< population standard deviations over seeds
  double new_deviation = 0;
  double h_deviation = 0;      ///< of the runs' own H
  std::string refusal;         ///< why there is no new accuracy, where the method cannot serve new classes
  std::vector<int64_t> seeds;  ///< found; none without training
  ShotRange shots;             ///< training images that the classes really have
};

/// One variant of a method on all datasets. Runs with different settings never share a cell.
struct BaseNewColumn {
  std::string method;
  std::string variant;             ///< "n_ctx=16": what differs from the other variants; "" for the only one
  std::vector<BaseNewCell> cells;  ///< one a dataset
  /// Means over the datasets with both accuracies, and H of those means; of a method that cannot serve new
  /// classes, the mean base accuracy.
  BaseNewCell average;

  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// Base-to-new generalisation in the form of table 1 of arXiv 2203.05557.
struct BaseNewTable {
  int64_t shots = 0;
  std::vector<int64_t> seeds;  ///< that the means are to be over
  std::vector<std::string> datasets;
  std::vector<BaseNewColumn> columns;
  std::vector<std::string> notes;  ///< gaps, and classes with fewer images than shots

  /// As the paper prints it: a row a dataset below the average, three columns a method, two decimals.
  Table to_table() const;

  /// A row for each dataset and method with deviations, seeds and real shots, four decimals: for CSV.
  Table to_long_table() const;
};

/// Builds the table from the finished runs. Where a dataset's split or words have changed, only its newest
/// ones count, and a note says so. Throws Error where there is no such run, telling what there is, and where
/// the runs are of several models.
BaseNewTable base_new_table(const Ledger& ledger, const BaseNewQuery& query);

}  // namespace promptbed
