#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <vector>

namespace promptbed {

/// What a learner makes of test images.
struct Predictions {
  std::vector<int64_t> labels;     ///< the true ones
  std::vector<int64_t> predicted;  ///< the class of the highest logit
};

/// Classifies every image of the set, V = 1, by a bound learner that serves its classes. Throws Interrupted
/// on Ctrl-C.
Predictions evaluate(PromptLearner& learner, const FeatureSet& test);

}  // namespace promptbed
