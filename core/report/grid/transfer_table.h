#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/grid/accuracy.h"
#include "report/grid/versus.h"
#include "report/select/report_query.h"
#include "results/ledger.h"
#include "table/report.h"

namespace promptbed {

/// One variant of a method on the source and on all targets.
struct TransferColumn {
  std::string method;
  std::string variant;  ///< what differs from the method's others; "" for the only one
  Accuracy source;
  std::vector<Accuracy> targets;
  DatasetAverage average;       ///< of the targets
  std::optional<RunSpec> spec;  ///< of one of its runs on the source

  std::string label() const { return variant.empty() ? method : method + " " + variant; }
};

/// Trained on all classes of one dataset, tested as it is on it and on others: tables 2 (cross-dataset) and 3
/// (domain) of arXiv 2203.05557.
struct TransferTable {
  std::string protocol;  ///< "cross-dataset" or "domain"
  std::string source;
  std::optional<int64_t> shots;
  std::vector<int64_t> seeds;
  std::vector<std::string> targets;
  std::vector<TransferColumn> columns;
  std::vector<std::string> notes;
  Spread spread = Spread::none;

  /// The table: a row for the source, one for each target and the average of the targets, a column a method,
  /// the best in each row marked. The records: one for each accuracy.
  Report report() const;
};

/// Datasets that are shifted versions of others -> those others.
using Shifts = std::map<std::string, std::string>;

/// Those of the suites in a folder. Throws Error for a suite that is not as it has to be.
Shifts shifts_in(const std::filesystem::path& suites);

/// Builds the table from the finished runs that `protocol` asked for. A method without training has its
/// accuracy on a target from its run there. Both protocols share the runs on a source: unless the query names
/// targets, its shifted versions (`shifts`), where there are any, are those of "domain", and the others those
/// of "cross-dataset". Throws Error as select_runs and chosen_shots do, and where methods were trained on
/// several sources and the query names none.
TransferTable transfer_table(const Ledger& ledger, const ReportQuery& query, const std::string& protocol,
                             const Shifts& shifts = {});

/// Accuracy on the source, which does not enter the means, and on the targets.
Comparison comparison_of(const TransferTable& table);

}  // namespace promptbed
