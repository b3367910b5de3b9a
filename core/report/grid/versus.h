#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/grid.h"
#include "table/table.h"

namespace promptbed {

/// What one method gains over another on one dataset, in points of accuracy: over pairs of runs with the same
/// seed, or of a run and an untrained method.
struct PairedGain {
  std::optional<double> mean;      ///< nothing without a pair
  std::optional<double> interval;  ///< half of Student's 95 % one over the pairs; nothing for a single one
  size_t pairs = 0;
  bool refused = false;  ///< there is none since one of the two methods cannot serve the classes
};

/// The same over datasets.
///
/// Pairs of one dataset are not independent: they share its classes and test images. So the pairs of a
/// dataset are averaged first, and the interval is Student's over the datasets' means, the datasets being the
/// clusters (Kerry and Bland, Analysis of a trial randomised in clusters, BMJ 316:54, 1998). It says how
/// certain the gain is on another dataset like these.
struct Gain {
  std::vector<PairedGain> by_dataset;
  std::optional<double> mean;      ///< of the datasets' means
  std::optional<double> interval;  ///< half of Student's 95 % one over those; nothing for a single one
  bool refused = false;            ///< one of the two methods has no mean since it cannot serve the classes
};

/// A series against the reference.
struct VersusColumn {
  std::string label;
  std::vector<Gain> gains;  ///< as `measures`
};

/// Paired differences of all series of a grid with one of them.
struct Versus {
  std::string reference;  ///< label of the series that the others are compared with
  Protocol protocol = Protocol::base_new;
  Metric metric = Metric::accuracy;
  std::string setting;                ///< ", 16 shots, seeds 1, 2, 3", for the title
  std::vector<std::string> measures;  ///< "Base", "New"
  std::vector<std::string> datasets;
  size_t first_averaged = 0;  ///< the datasets before it, the source of a transfer, do not enter means
  std::vector<VersusColumn> columns;
  std::vector<std::string> notes;  ///< the grid's, and pairs that are missing

  /// The table: one row per dataset below the mean, points with a sign and intervals. The records: one for
  /// each dataset, series and measure, and the means.
  Report report() const;
};

/// Compares all other series of a grid with the one labelled `reference` (of a method with one variant: its
/// name), in all measures but H. Throws Error if there is no such series, or no other.
Versus versus(const Grid& grid, const std::string& reference);

}  // namespace promptbed
