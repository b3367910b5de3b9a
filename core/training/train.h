#pragma once

#include <promptbed/prompt_learner.h>

#include <functional>
#include <vector>

#include "results/run_record.h"
#include "training/epoch_order.h"

namespace promptbed {

/// Steps of an epoch of so many images, at least 1: the last, smaller batch counts if it is the only one or
/// the recipe keeps it.
int64_t steps_of_epoch(int64_t images, const Recipe& recipe);

/// Trains a bound learner with the recipe: each epoch goes through the rows of `order` in batches,
/// steps_of_epoch() of them. An epoch's record has the learning rate of its last step. Throws Error if there
/// is nothing to train and if the loss stops being finite, and Interrupted on Ctrl-C.
std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order,
                               const std::function<void(const Tensor& loss)>& after_step = {},
                               const std::function<void(const EpochRecord&)>& after_epoch = {});

}  // namespace promptbed
