#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/suites/suite.h"
#include "report/select/selection.h"

namespace promptbed {

/// A name and its value: "LibTorch", "1.13.0".
using Fact = std::pair<std::string, std::string>;

/// One variant of a method.
struct VariantMaking {
  std::string label;
  std::vector<Fact> facts;
};

/// How the runs of a report were made.
struct Making {
  std::vector<Fact> facts;              ///< about all of them
  std::vector<VariantMaking> variants;  ///< as in tables
  std::vector<std::string> commands;    ///< that repeat them, ready for a shell
};

/// What a reader has to know before any number: the models, when and on which hosts the runs were made, and
/// in which ledger they are.
std::vector<Fact> origin_of(const Snapshot& snapshot, const RunSelection& selection);

/// What the ledger knows of it. `suites`: all there are.
Making making_of(const Snapshot& snapshot, const RunSelection& selection, const ReportQuery& query,
                 const std::vector<Suite>& suites);

}  // namespace promptbed
