#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace promptbed {

/// How well N predicted labels match the true ones, counted as the reference does (Dassl with scikit-learn).
struct Metrics {
  int64_t images = 0;
  int64_t correct = 0;
  double accuracy = 0;  ///< percent
  /// Percent: mean of 2 TP / (2 TP + FP + FN) over the classes among the true labels.
  double macro_f1 = 0;
  double per_class = 0;  ///< percent: mean over the same classes of the share of their images that is right
};

/// Both lists hold the labels of the same N images. Throws Error if N is 0 or the lengths differ.
Metrics measure(std::span<const int64_t> labels, std::span<const int64_t> predictions);

/// How well the images of one class were classified.
struct ClassScore {
  int64_t images = 0;     ///< of the class: TP + FN
  int64_t predicted = 0;  ///< images classified as it: TP + FP
  int64_t correct = 0;    ///< TP

  double accuracy() const;  ///< percent; 0 without images
  double f1() const;        ///< percent, 2 TP / (2 TP + FP + FN); 0 if all three are 0
};

/// How many images of one class were classified as another.
struct Confusion {
  int64_t label = 0;
  int64_t predicted = 0;
  int64_t images = 0;
};

/// How often images of each of K classes were classified as each.
class ConfusionMatrix {
 public:
  /// Both lists hold the labels, from 0 to K-1, of the same N images.
  ConfusionMatrix(std::span<const int64_t> labels, std::span<const int64_t> predicted, int64_t classes);

  int64_t classes() const { return static_cast<int64_t>(scores_.size()); }

  /// Images of class `label` that were classified as `predicted`.
  int64_t count(int64_t label, int64_t predicted) const;

  const ClassScore& score(int64_t label) const { return scores_[static_cast<size_t>(label)]; }

  /// At most `most` confusions, most frequent first, ties by label and prediction.
  std::vector<Confusion> most_frequent(size_t most) const;

 private:
  std::map<std::pair<int64_t, int64_t>, int64_t> counts_;  // sparse: most of the K x K are 0
  std::vector<ClassScore> scores_;
};

}  // namespace promptbed
