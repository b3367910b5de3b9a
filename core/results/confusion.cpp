#include "results/confusion.h"

#include <algorithm>

namespace promptbed {
namespace {

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

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
