#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <vector>

#include "training/shown_images.h"

namespace promptbed {

/// What a learner takes test images for.
struct Predictions {
  std::vector<int64_t> labels;     ///< the true ones
  std::vector<int64_t> predicted;  ///< the class of the highest logit
  std::vector<double> confidence;  ///< the greatest softmax of the logits, in f64: in f32 many would be 1
};

/// Classifies every image of the set by a bound learner that serves its classes. The first view of features
/// is the centre; for a method that asks for V crops at test, they are the V after it. Images are listed in
/// the set's order, whatever the order in which an online method sees them. Throws Interrupted on Ctrl-C.
Predictions evaluate(PromptLearner& learner, const ShownImages& test);

/// What a learner takes test images for among the base classes, which have the first labels, and new ones.
struct UnionPredictions : Predictions {
  std::vector<double> base_score;  ///< the greatest softmax, over all classes, of a base class
  std::vector<int64_t> own_half;   ///< the class of the highest logit within the half of the true class
};

/// As evaluate(), of a learner that serves both halves: `base_classes` base ones, and then the new ones.
UnionPredictions evaluate_union(PromptLearner& learner, const ShownImages& test, int64_t base_classes);

/// The classes that a learner finds most likely, in that order.
struct Ranking {
  Tensor classes;        ///< [N, top] int64; the first column is what evaluate() predicts
  Tensor probabilities;  ///< [N, top] f32: the softmax of the scaled similarities, over all K classes
};

/// Ranks the `top` most likely classes of the images of a set, at least one; all K if there are fewer. Labels
/// need not be true. The result is on the CPU. Throws Interrupted on Ctrl-C.
Ranking rank(PromptLearner& learner, const ShownImages& images, int64_t top);

}  // namespace promptbed
