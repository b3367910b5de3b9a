#include "results/calibration.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace promptbed {
namespace {

using Edges = std::vector<double>;

/// 0, 1/n, ..., 1
Edges equal_edges(int64_t bins) {
  Edges edges;
  for (int64_t i = 0; i <= bins; ++i) edges.push_back(static_cast<double>(i) / static_cast<double>(bins));
  return edges;
}

/// The quantiles 0, 1/n, ..., 1 of the confidences.
Edges quantile_edges(std::span<const Guess> guesses, int64_t bins) {
  std::vector<double> sorted;
  for (const Guess& guess : guesses) sorted.push_back(guess.confidence);
  std::ranges::sort(sorted);
  Edges edges;
  for (const double part : equal_edges(bins)) {
    const double place = part * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    edges.push_back(std::lerp(sorted[below], sorted[above], place - std::floor(place)));
  }
  return edges;
}

/// The guesses between the edges, each interval closed on the left and the last on both sides.
std::vector<ConfidenceBin> binned(std::span<const Guess> guesses, const Edges& edges) {
  std::vector<ConfidenceBin> bins(edges.size() - 1);
  for (const Guess& guess : guesses) {
    const auto above = std::ranges::upper_bound(edges, guess.confidence) - edges.begin();
    const auto place = std::clamp<int64_t>(above - 1, 0, static_cast<int64_t>(bins.size()) - 1);
    ConfidenceBin& bin = bins[static_cast<size_t>(place)];
    ++bin.images;
    if (guess.correct) ++bin.correct;
    bin.confidence += guess.confidence;
  }
  return bins;
}

/// |accuracy - mean confidence|, 0 to 1; 0 without images.
double gap(const ConfidenceBin& bin) {
  if (bin.images == 0) return 0;
  return std::abs(static_cast<double>(bin.correct) - bin.confidence) / static_cast<double>(bin.images);
}

/// Gaps weighted with the images of other bins.
double weighted_gaps(const std::vector<ConfidenceBin>& gaps, const std::vector<ConfidenceBin>& weights) {
  double sum = 0, images = 0;
  for (size_t i = 0; i < gaps.size(); ++i) {
    sum += static_cast<double>(weights[i].images) * gap(gaps[i]);
    images += static_cast<double>(weights[i].images);
  }
  return 100 * sum / images;
}

}  // namespace

double mean_confidence(std::span<const Guess> guesses) {
  const double sum =
      std::accumulate(guesses.begin(), guesses.end(), 0.0,
                      [](double so_far, const Guess& guess) { return so_far + guess.confidence; });
  return 100 * sum / static_cast<double>(guesses.size());
}

std::vector<ConfidenceBin> confidence_bins(std::span<const Guess> guesses, int64_t bins) {
  return binned(guesses, equal_edges(bins));
}

double calibration_error(std::span<const Guess> guesses, int64_t bins) {
  std::vector<Guess> uncertain;
  std::ranges::copy_if(guesses, std::back_inserter(uncertain),
                       [](const Guess& guess) { return guess.confidence < 1; });
  return weighted_gaps(confidence_bins(uncertain, bins), confidence_bins(guesses, bins));
}

double adaptive_calibration_error(std::span<const Guess> guesses, int64_t bins) {
  const std::vector<ConfidenceBin> filled = binned(guesses, quantile_edges(guesses, bins));
  return weighted_gaps(filled, filled);
}

}  // namespace promptbed
