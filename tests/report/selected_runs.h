#pragma once

#include <string>

#include "report/select/selection.h"
#include "results/sample_runs.h"

namespace promptbed::test {

/// A finished run on all classes of a dataset, tested on them.
inline RunResults few_shot_run(const std::string& dataset, int64_t shots, int64_t seed, double accuracy,
                               const std::string& method = "coop") {
  RunResults run;
  run.record.spec = sample_spec(dataset, seed, method);
  run.record.spec.classes = "all";
  run.record.spec.shots = shots;
  run.record.id = run.record.spec.id();
  run.record.protocols = {Protocol::few_shot};
  run.scores = {sample_score(dataset, "all", accuracy)};
  return run;
}

/// The same without training.
inline RunResults untrained_run(const std::string& dataset, double accuracy) {
  RunResults run;
  run.record.spec = zero_shot_spec(dataset);
  run.record.id = run.record.spec.id();
  run.record.protocols = {Protocol::few_shot};
  run.scores = {sample_score(dataset, "all", accuracy)};
  return run;
}

}  // namespace promptbed::test
