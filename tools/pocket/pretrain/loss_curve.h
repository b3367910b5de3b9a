#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

#include "naming.h"

namespace promptbed::pocket {

/// A CSV file of how a training goes, a line every twenty steps and at each measurement: step, learning rate,
/// and the means since the line before of the loss, of the accuracy within the batch and of the speed; the
/// logit scale; and what was measured on held-out drawings after the step.
class LossCurve {
 public:
  /// Goes on behind the line of `step`; what a killed training wrote after it is dropped.
  LossCurve(const std::filesystem::path& path, int64_t step, int64_t batch);

  void add(int64_t step, double learning_rate, double loss, double accuracy, double logit_scale,
           const std::optional<NamingAccuracy>& measured);

 private:
  using Clock = std::chrono::steady_clock;

  std::ofstream out_;
  int64_t batch_;
  int64_t steps_ = 0;  ///< since the last line
  double losses_ = 0, accuracies_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace promptbed::pocket
