#pragma once

#include <promptbed/prompt_learner.h>

#include <functional>
#include <vector>

#include "training/epoch_order.h"

namespace promptbed {

/// How one epoch went.
struct TrainedEpoch {
  int64_t epoch = 0;         ///< counted from 0
  double loss = 0;           ///< mean over the steps
  double learning_rate = 0;  ///< of its last step
  double seconds = 0;
};

/// Trains a bound learner with the recipe: each epoch goes through the rows of `order` in batches. The last,
/// smaller batch is dropped unless it is the only one or the recipe keeps it. Throws Error where there is
/// nothing to train and where the loss stops being finite, and Interrupted on Ctrl-C.
std::vector<TrainedEpoch> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                                EpochOrder& order,
                                const std::function<void(const Tensor& loss)>& after_step = {},
                                const std::function<void(const TrainedEpoch&)>& after_epoch = {});

}  // namespace promptbed
