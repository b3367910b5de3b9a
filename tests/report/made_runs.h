#pragma once

#include <map>
#include <string>
#include <vector>

#include "results/sample_runs.h"

namespace promptbed::test {

/// A method trained on all classes.
inline RunSpec all_classes_spec(const std::string& dataset, int64_t seed = 1, int64_t shots = 16,
                                const std::string& method = "coop") {
  RunSpec spec = sample_spec(dataset, seed, method);
  spec.classes = "all";
  spec.shots = shots;
  return spec;
}

/// Records a finished run that a protocol asked for, with its accuracy on all classes of these datasets.
inline void record_all(Ledger& ledger, const std::string& protocol, const RunSpec& spec,
                       const std::map<std::string, double>& accuracies) {
  RunOutcome outcome = sample_outcome(spec.dataset, 0, 0);
  outcome.scores.clear();
  for (const auto& [dataset, accuracy] : accuracies) {
    Score score = sample_score(dataset, "all", accuracy);
    score.split_hash = "split of " + dataset;
    outcome.scores.push_back(score);
  }
  ledger.claim(spec);
  ledger.ask(protocol, {spec.id()});
  test::finish(ledger, spec.id(), outcome);
}

/// The same on the run's own dataset.
inline void record_all(Ledger& ledger, const std::string& protocol, const RunSpec& spec, double accuracy) {
  record_all(ledger, protocol, spec, {{spec.dataset, accuracy}});
}

}  // namespace promptbed::test
