#include "sweep/measurements.h"

#include <vector>

#include "results/calibration.h"
#include "results/open_world.h"

namespace promptbed {

Measurements::Measurements(const JobTest& test, RunOutcome& outcome)
    : test_(test), classes_(to_string(test.classes)), outcome_(outcome) {}

void Measurements::add(const char* name, double value) {
  outcome_.measurements.push_back({test_.dataset, classes_, name, value});
}

void Measurements::add_calibration(const Predictions& predictions) {
  std::vector<Guess> guesses;
  for (size_t i = 0; i < predictions.labels.size(); ++i)
    guesses.push_back({predictions.confidence[i], predictions.predicted[i] == predictions.labels[i]});
  add(measured::kConfidence, mean_confidence(guesses));
  add(measured::kError, calibration_error(guesses, kConfidenceBins));
  add(measured::kAdaptiveError, adaptive_calibration_error(guesses, kConfidenceBins));
  outcome_.reliabilities.push_back({test_.dataset, classes_, confidence_bins(guesses, kConfidenceBins)});
}

void Measurements::add_open_world(const UnionPredictions& predictions, int64_t base_classes) {
  std::vector<OpenWorldRow> on_base, on_new;
  for (size_t i = 0; i < predictions.labels.size(); ++i) {
    (predictions.labels[i] < base_classes ? on_base : on_new)
        .push_back({predictions.base_score[i], predictions.own_half[i] == predictions.labels[i]});
  }
  if (on_base.empty() || on_new.empty()) return;
  add(measured::kAuroc, auroc(on_base, on_new));
  add(measured::kOpenWorldAuc, openworld_auc(on_base, on_new));
}

}  // namespace promptbed
