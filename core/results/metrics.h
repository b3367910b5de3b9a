#pragma once

#include <cstdint>
#include <span>

namespace promptbed {

/// How well N predicted labels match the true ones, as the reference (Dassl with scikit-learn) counts it.
struct Metrics {
  int64_t images = 0;
  int64_t correct = 0;
  double accuracy = 0;  ///< percent
  double error = 0;     ///< percent
  /// Percent: mean over the classes that occur among the true labels of 2 TP / (2 TP + FP + FN).
  double macro_f1 = 0;
};

/// Both lists hold N labels, the same image at the same place. Throws Error where N is 0 or the lengths
/// differ.
Metrics measure(std::span<const int64_t> labels, std::span<const int64_t> predictions);

}  // namespace promptbed
