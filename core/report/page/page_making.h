#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/report_query.h"
#include "report/select/run_selection.h"

namespace promptbed {

/// What something is, and its value: "LibTorch", "1.13.0".
using Fact = std::pair<std::string, std::string>;

/// One variant of a method.
struct VariantMaking {
  std::string label;
  std::vector<Fact> facts;
};

/// How the runs of a report were made.
struct Making {
  std::vector<Fact> facts;              ///< that concern all of them
  std::vector<VariantMaking> variants;  ///< as in tables
  std::vector<std::string> commands;    ///< that make them again, ready for a shell
};

/// What the ledger knows of it. `suites`: all that there are.
Making making_of(const Ledger& ledger, const RunSelection& selection, const ReportQuery& query,
                 const std::vector<Suite>& suites);

}  // namespace promptbed
