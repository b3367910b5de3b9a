#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Calibration: whether predictions are right as often as they are sure to be. All numbers are percent, and
/// no list may be empty. Formulas and edges are those of the code of arXiv 2402.04655, which compares
/// CLIP's prompts by them.
namespace promptbed {

/// One prediction.
struct Guess {
  double confidence = 0;  ///< the probability of the predicted class, 0 to 1
  bool correct = false;
};

/// The predictions in one interval of confidences.
struct ConfidenceBin {
  int64_t images = 0;
  int64_t correct = 0;
  double confidence = 0;  ///< sum over the images

  bool operator==(const ConfidenceBin&) const = default;
};

/// How many bins of confidences are recorded and reported.
inline constexpr int64_t kConfidenceBins = 10;

/// The mean of the confidences.
double mean_confidence(std::span<const Guess> guesses);

/// Guesses in so many intervals of equal width, [i/n, (i+1)/n); the last one holds a confidence of 1, too.
std::vector<ConfidenceBin> confidence_bins(std::span<const Guess> guesses, int64_t bins);

/// Expected calibration error: over the same intervals, the mean of |accuracy - mean confidence|, each
/// weighted with its share of the guesses. A confidence of exactly 1 counts in the last interval's weight,
/// but neither in its accuracy nor in its confidence: the authors' code has the interval open there.
double calibration_error(std::span<const Guess> guesses, int64_t bins);

/// The same over intervals that hold about equally many guesses. Their edges are the i/n quantiles of the
/// confidences, interpolated between neighbours; each interval is closed on the left, the last on both sides.
double adaptive_calibration_error(std::span<const Guess> guesses, int64_t bins);

}  // namespace promptbed
