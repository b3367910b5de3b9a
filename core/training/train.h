#pragma once

#include <promptbed/prompt_learner.h>

#include <functional>
#include <vector>

#include "features/pixels.h"
#include "results/run_record.h"
#include "training/epoch_order.h"
#include "training/schedule.h"

namespace promptbed {

/// Trains a bound learner with the recipe: each epoch goes through the rows of `order` in batches,
/// steps_of_epoch() of them, and the last as far as a budget of iterations reaches. If `pixels` are given,
/// batches have those, too: of the rows of `data`, in the crop of the epoch. An epoch's record has the mean
/// loss of the steps that were made and the learning rate of the last one. Throws Error if there is
/// nothing to train and if the loss stops being finite, and Interrupted on Ctrl-C.
std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order,
                               const std::function<void(const Tensor& loss)>& after_step = {},
                               const std::function<void(const EpochRecord&)>& after_epoch = {},
                               const PixelSource* pixels = nullptr);

}  // namespace promptbed
