#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/base_new_table.h"
#include "results/table.h"

namespace promptbed {

/// What a method gains over another on the same datasets, in points of accuracy.
struct Gain {
  std::vector<std::optional<double>> by_dataset;  ///< nothing where there is no pair
  std::optional<double> mean;                     ///< over the datasets with a pair
  double interval = 0;  ///< half of Student's 95 % one over those datasets; NaN of one
};

/// One column of a base-new table against another.
struct VersusColumn {
  std::string label;
  Gain base_gain;
  Gain new_gain;
};

/// Paired differences: on each dataset the means over seeds of two methods are compared, so that what makes a
/// dataset hard does not blur the comparison. The interval is that of a mean over datasets.
struct Versus {
  std::string reference;  ///< label of the column that the others are compared with
  int64_t shots = 0;
  std::vector<int64_t> seeds;  ///< that the means are over
  std::vector<std::string> datasets;
  std::vector<VersusColumn> columns;
  std::vector<std::string>
      notes;  ///< the table's, and pairs left out: the two were trained with different seeds

  /// A row a dataset below the mean with its interval, two columns a method, two decimals and a sign.
  Table to_table() const;

  /// A row for each dataset and method, and one of the mean, four decimals: for CSV.
  Table to_long_table() const;
};

/// Compares all other columns with the one labelled `reference` (of a method with one variant: its name).
/// A method that is not trained pairs with any seeds. Throws Error where there is no such column, or no
/// other.
Versus versus(const BaseNewTable& table, const std::string& reference);

}  // namespace promptbed
