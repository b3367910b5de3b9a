#include "results/metrics.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <map>

namespace promptbed {
namespace {

struct ClassCounts {
  int64_t images = 0;     // TP + FN
  int64_t predicted = 0;  // TP + FP
  int64_t correct = 0;    // TP
};

}  // namespace

Metrics measure(std::span<const int64_t> labels, std::span<const int64_t> predictions) {
  if (labels.empty() || labels.size() != predictions.size()) {
    throw Error(fmt::format("metrics: {} labels and {} predictions; give one prediction for each test image",
                            labels.size(), predictions.size()));
  }
  std::map<int64_t, ClassCounts> classes;
  for (size_t i = 0; i < labels.size(); ++i) {
    ++classes[labels[i]].images;
    ++classes[predictions[i]].predicted;
    if (labels[i] == predictions[i]) ++classes[labels[i]].correct;
  }
  Metrics metrics{.images = static_cast<int64_t>(labels.size())};
  int64_t classes_with_images = 0;
  double f1_sum = 0;
  for (const auto& [label, counts] : classes) {
    metrics.correct += counts.correct;
    if (counts.images == 0) continue;
    ++classes_with_images;
    f1_sum +=
        2.0 * static_cast<double>(counts.correct) / static_cast<double>(counts.images + counts.predicted);
  }
  metrics.accuracy = 100.0 * static_cast<double>(metrics.correct) / static_cast<double>(metrics.images);
  metrics.error = 100.0 - metrics.accuracy;
  metrics.macro_f1 = 100.0 * f1_sum / static_cast<double>(classes_with_images);
  return metrics;
}

}  // namespace promptbed
