#include "sweep/known_tests.h"

#include <algorithm>

namespace promptbed {

KnownTests::KnownTests(const Ledger* ledger) {
  if (ledger == nullptr) return;
  for (const auto& [run, score] : ledger->scores())
    tests_.insert({run, score.dataset, score.split_hash, score.class_set});
  for (const auto& [run, refusal] : ledger->refusals())
    tests_.insert({run, refusal.dataset, refusal.split_hash, refusal.class_set});
}

bool KnownTests::has(const std::string& run, const PlannedTest& test) const {
  return tests_.contains(
      {run, test.dataset->spec.id, test.dataset->split_hash, std::string(to_string(test.classes))});
}

bool KnownTests::has_all(const PlannedRun& run) const {
  return std::ranges::all_of(run.missing_tests, [&](const PlannedTest& test) { return has(run.id, test); });
}

}  // namespace promptbed
