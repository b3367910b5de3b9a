#pragma once

#include <promptbed/prompt_learner.h>
#include <promptbed/task.h>

#include <functional>
#include <optional>
#include <vector>

#include "features/pixels.h"
#include "results/run_record.h"
#include "training/epoch_order.h"
#include "training/recorder.h"
#include "training/schedule.h"
#include "training/training_point.h"

namespace promptbed {

/// What accompanies a training. Each may be missing.
struct TrainingAids {
  std::function<void(const Tensor& loss)> after_step = {};
  std::function<void(const EpochRecord&)> after_epoch = {};
  /// Batches have pixels, too: of the rows of the data, in the crop of the epoch.
  const PixelSource* pixels = nullptr;
  /// Goes on from where an earlier attempt stood, and keeps where this one stands when it is due and when it
  /// is interrupted, also in the middle of a step or in `after_epoch`.
  TrainingKeeper* keeper = nullptr;
  /// The task's, which a method may draw from in training; part of the points.
  std::optional<torch::Generator> generator = {};
  /// Of the learner's steps, which are then repeated.
  Recorder* recorder = nullptr;
};

/// Trains a bound learner with the recipe: each epoch goes through the rows of `order` in batches,
/// steps_of_epoch() of them, and the last as far as a budget of iterations reaches. An epoch's record has the
/// mean loss of the steps that were made and the learning rate of the last one; the records of an earlier
/// attempt come first. Throws Error if there is nothing to train, if the loss stops being finite and if an
/// earlier point does not fit the learner, and Interrupted on Ctrl-C.
std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order, const TrainingAids& aids = {});

}  // namespace promptbed
