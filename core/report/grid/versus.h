#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/grid/base_new_table.h"
#include "table/report.h"

namespace promptbed {

/// What one method gains over another on one dataset, in points of accuracy: over pairs of runs with the same
/// seed, or of a run and a method without training.
struct PairedGain {
  std::optional<double> mean;      ///< nothing where there is no pair
  std::optional<double> interval;  ///< half of Student's 95 % one over the pairs; nothing for one
  size_t pairs = 0;
};

/// The same over datasets.
///
/// Pairs of one dataset are not independent: they share its classes and test images. So the pairs of a
/// dataset are averaged first, and the interval is Student's over the datasets' means, the datasets being the
/// clusters (Kerry and Bland, Analysis of a trial randomised in clusters, BMJ 316:54, 1998). It tells how
/// sure the gain is on another dataset like these.
struct Gain {
  std::vector<PairedGain> by_dataset;
  std::optional<double> mean;      ///< of the datasets' means
  std::optional<double> interval;  ///< half of Student's 95 % one over those; nothing for one
};

/// A series against the reference.
struct VersusColumn {
  std::string label;
  std::vector<Gain> gains;  ///< as `measures`
};

/// Paired differences of all series of a table with one of them.
struct Versus {
  std::string reference;              ///< label of the series that the others are compared with
  std::string setting;                ///< ", 16 shots, seeds 1, 2, 3", for the title
  std::vector<std::string> measures;  ///< "Base", "New"
  std::vector<std::string> datasets;
  size_t beside_mean = 0;  ///< so many of the first datasets do not enter the means: the source of a transfer
  std::vector<VersusColumn> columns;
  std::vector<std::string> notes;  ///< the table's, and pairs that are missing

  /// The table: a row a dataset below the mean, points with a sign and intervals. The records: one for each
  /// dataset, series and measure, and the means.
  Report report() const;
};

/// What a table gives to be compared: for each series and measure its accuracies by dataset.
struct Comparison {
  std::string setting;
  std::vector<std::string> measures;
  std::vector<std::string> datasets;
  size_t beside_mean = 0;  ///< as in Versus
  struct Side {
    std::string label;
    std::vector<std::vector<Accuracy>> accuracies;  ///< by measure, by dataset
  };
  std::vector<Side> sides;
  std::vector<std::string> notes;
};

/// Compares all others with the series labelled `reference` (of a method with one variant: its name). Throws
/// Error where there is no such series, or no other.
Versus versus(const Comparison& comparison, const std::string& reference);

/// Base and new accuracy.
Comparison comparison_of(const BaseNewTable& table);

}  // namespace promptbed
