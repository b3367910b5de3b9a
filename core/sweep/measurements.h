#pragma once

#include <cstdint>
#include <string>

#include "results/run_record.h"
#include "sweep/job.h"
#include "training/evaluate.h"

namespace promptbed {

/// What is measured in a test besides its score, on its way to the record. The test and the outcome must
/// outlive it.
class Measurements {
 public:
  Measurements(const JobTest& test, RunOutcome& outcome);

  /// One number, in percent, by its name in `measured`.
  void add(const char* name, double value);

  /// Confidence, calibration errors and bins, of scores that are probabilities.
  void add_calibration(const Predictions& predictions);

  /// AUROC and OpenworldAUC of a test on both halves; nothing if one of them has no image.
  void add_open_world(const UnionPredictions& predictions, int64_t base_classes);

 private:
  const JobTest& test_;
  std::string classes_;
  RunOutcome& outcome_;
};

}  // namespace promptbed
