#include "results/metrics.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>

namespace promptbed {
namespace {

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Metrics measure(std::span<const int64_t> labels, std::span<const int64_t> predictions) {
  if (labels.empty() || labels.size() != predictions.size()) {
    throw Error(fmt::format("metrics: {} labels and {} predictions; give one prediction per test image",
                            labels.size(), predictions.size()));
  }
  std::map<int64_t, ClassScore> classes;
  for (size_t i = 0; i < labels.size(); ++i) {
    ++classes[labels[i]].images;
    ++classes[predictions[i]].predicted;
    if (labels[i] == predictions[i]) ++classes[labels[i]].correct;
  }
  Metrics metrics{.images = static_cast<int64_t>(labels.size())};
  int64_t classes_with_images = 0;
  double f1_sum = 0, accuracy_sum = 0;
  for (const auto& [label, score] : classes) {
    metrics.correct += score.correct;
    if (score.images == 0) continue;
    ++classes_with_images;
    f1_sum += 2.0 * static_cast<double>(score.correct) / static_cast<double>(score.images + score.predicted);
    accuracy_sum += score.accuracy();
  }
  metrics.accuracy = 100.0 * static_cast<double>(metrics.correct) / static_cast<double>(metrics.images);
  metrics.macro_f1 = 100.0 * f1_sum / static_cast<double>(classes_with_images);
  metrics.per_class = accuracy_sum / static_cast<double>(classes_with_images);
  return metrics;
}

double ClassScore::accuracy() const {
  return percent(correct, images);
}

double ClassScore::f1() const {
  return percent(2 * correct, images + predicted);
}

ConfusionMatrix::ConfusionMatrix(std::span<const int64_t> labels, std::span<const int64_t> predicted,
                                 int64_t classes)
    : scores_(static_cast<size_t>(classes)) {
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts_[{labels[i], predicted[i]}];
    ++scores_[static_cast<size_t>(labels[i])].images;
    ++scores_[static_cast<size_t>(predicted[i])].predicted;
    if (labels[i] == predicted[i]) ++scores_[static_cast<size_t>(labels[i])].correct;
  }
}

int64_t ConfusionMatrix::count(int64_t label, int64_t predicted) const {
  const auto found = counts_.find({label, predicted});
  return found == counts_.end() ? 0 : found->second;
}

std::vector<Confusion> ConfusionMatrix::most_frequent(size_t most) const {
  std::vector<Confusion> mistakes;
  for (const auto& [pair, images] : counts_) {
    if (pair.first != pair.second) mistakes.push_back({pair.first, pair.second, images});
  }
  std::ranges::stable_sort(mistakes, std::ranges::greater(), &Confusion::images);
  if (mistakes.size() > most) mistakes.resize(most);
  return mistakes;
}

}  // namespace promptbed
