#pragma once

#include <set>
#include <string>
#include <tuple>

#include "results/ledger.h"
#include "sweep/plan.h"

namespace promptbed {

/// The tests that the ledger has of runs, as it was when this was made.
class KnownTests {
 public:
  /// Of no run where there is no ledger.
  explicit KnownTests(const Ledger* ledger);

  bool has(const std::string& run, const PlannedTest& test) const;

  /// Whether it has all that were missing when the run was planned.
  bool has_all(const PlannedRun& run) const;

 private:
  std::set<std::tuple<std::string, std::string, std::string, std::string>> tests_;
};

}  // namespace promptbed
