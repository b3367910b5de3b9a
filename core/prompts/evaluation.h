#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/draws/class_sets.h"
#include "results/metrics.h"
#include "training/evaluate.h"

namespace promptbed {

/// The classes that an image was taken for, the most likely first, and how likely the first is.
struct RankedGuess {
  std::vector<int64_t> classes;  ///< five, or all if there are fewer
  double probability = 0;        ///< 0 to 1
};

/// The guesses for N images in a ranking of their five most likely classes.
std::vector<RankedGuess> guesses_of(const Ranking& ranking);

/// How a classifier did on a dataset.
class Evaluation {
 public:
  /// `guesses` are those for the test images, in order.
  Evaluation(std::string classifier, std::string dataset, std::string class_set, TestImages tested,
             std::vector<RankedGuess> guesses);

  /// What `runner eval` prints: accuracies of the whole and by class, the most confused classes. Top-5
  /// accuracy is left out (null, or empty in CSV) of five classes and fewer.
  std::string as_text() const;
  nlohmann::ordered_json as_json() const;
  std::string as_csv() const;

  /// A line for each image: path, class, what it was taken for, the softmax of that under its name
  /// (Classifier::score_name), and the first five.
  std::string predictions_csv(const std::string& score_name) const;

  /// The whole confusion matrix: a row for each true class, a column for each prediction.
  std::string confusion_csv() const;

 private:
  const std::string& name(int64_t label) const { return tested_.class_names[static_cast<size_t>(label)]; }

  /// Whether being among the first five says anything: of five classes, all are.
  bool has_top5() const { return confusion_.classes() > 5; }

  /// Percent of the images, of one class or of all, whose class is among the first five.
  double top5(int64_t label) const;
  double top5() const;

  std::string classifier_, dataset_, class_set_;
  TestImages tested_;
  std::vector<RankedGuess> guesses_;
  Metrics metrics_;
  ConfusionMatrix confusion_;
  std::vector<int64_t> among_five_;  ///< images of each class
};

}  // namespace promptbed
