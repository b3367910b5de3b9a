#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/grid/versus.h"
#include "report/select/report_query.h"
#include "results/ledger.h"
#include "table/report.h"

namespace promptbed {

/// One variant of a method on all datasets, at all numbers of shots.
struct FewShotSeries {
  std::string method;
  std::string variant;                       ///< what differs from the method's others; "" for the only one
  std::vector<std::vector<Accuracy>> cells;  ///< by dataset, by shots; without training the same at all shots
  std::vector<DatasetAverage> averages;      ///< by shots

  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// Accuracy on all classes by shots: the numbers behind figure 3 of arXiv 2109.01134.
struct FewShotTable {
  std::vector<int64_t> shots;  ///< ascending, or as asked
  std::vector<int64_t> seeds;
  std::vector<std::string> datasets;
  std::vector<FewShotSeries> series;
  std::vector<std::string> notes;
  Spread spread = Spread::none;

  /// The table: a section of the averages and one a dataset, a row a series, a column a number of shots, the
  /// best of each section and number of shots marked. The records: one for each accuracy.
  Report report() const;
};

/// Builds the table from the finished runs that were made for it. Throws Error as select_runs does.
FewShotTable few_shot_table(const Ledger& ledger, const ReportQuery& query);

/// A measure a number of shots.
Comparison comparison_of(const FewShotTable& table);

}  // namespace promptbed
