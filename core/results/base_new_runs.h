#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/base_new_table.h"

namespace promptbed {

/// A finished run that was tested on the halves of its own dataset.
struct BaseNewRun {
  RunRecord record;
  std::optional<double> base_accuracy;  ///< percent
  std::optional<double> new_accuracy;   ///< percent
  std::string new_refusal;              ///< why the method cannot serve the new classes; "" where it can
};

struct BaseNewRuns {
  std::vector<BaseNewRun> runs;
  std::vector<std::string> notes;  ///< what was left out
};

/// The runs that a base-new table is made of, all of one model and, for each dataset, of one split. Throws
/// Error as base_new_table does.
BaseNewRuns select_base_new_runs(const Ledger& ledger, const BaseNewQuery& query);

}  // namespace promptbed
