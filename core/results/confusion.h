#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace promptbed {

/// How well the images of one class were classified.
struct ClassScore {
  int64_t images = 0;     ///< of the class: TP + FN
  int64_t predicted = 0;  ///< images that were taken for it: TP + FP
  int64_t correct = 0;    ///< TP

  double accuracy() const;  ///< percent; 0 without images
  double f1() const;        ///< percent, 2 TP / (2 TP + FP + FN); 0 where all three are 0
};

/// Images of one class that were taken for another.
struct Confusion {
  int64_t label = 0;
  int64_t predicted = 0;
  int64_t images = 0;
};

/// How often the images of each of K classes were taken for each.
class ConfusionMatrix {
 public:
  /// Both lists hold N labels from 0 to K-1, the same image at the same place.
  ConfusionMatrix(std::span<const int64_t> labels, std::span<const int64_t> predicted, int64_t classes);

  int64_t classes() const { return static_cast<int64_t>(scores_.size()); }

  /// Images of class `label` that were taken for class `predicted`.
  int64_t count(int64_t label, int64_t predicted) const;

  const ClassScore& score(int64_t label) const { return scores_[static_cast<size_t>(label)]; }

  /// At most so many mistakes, the most frequent first; of equals the first by label and prediction.
  std::vector<Confusion> most_frequent(size_t most) const;

 private:
  std::map<std::pair<int64_t, int64_t>, int64_t> counts_;  // most of the K x K would be 0
  std::vector<ClassScore> scores_;
};

}  // namespace promptbed
