#pragma once

#include <promptbed/prompt_learner.h>
#include <promptbed/task.h>

#include <memory>
#include <vector>

#include "training/recorder.h"

namespace promptbed {

/// The gradients of one training step after the other. Without a recorder each is computed by itself. With
/// one, the first batch of the recipe's size is, which chooses kernels and prepares what a learner keeps; the
/// second is recorded, and all later ones repeat the recording on their own images. Batches of other sizes
/// are computed by themselves.
class StepGradients {
 public:
  /// The learner and the recorder have to outlive this.
  StepGradients(PromptLearner& learner, int64_t batch_size, Recorder* recorder = nullptr)
      : learner_(learner), trainable_(learner.trainable()), batch_size_(batch_size), recorder_(recorder) {}

  /// Leaves the gradients of the loss in trainable(), in the place of earlier ones, and returns the loss,
  /// detached. The batch has labels.
  Tensor compute(const Batch& batch);

 private:
  void record(const Batch& batch);
  void replay(const Batch& batch);

  PromptLearner& learner_;
  NamedTensors trainable_;
  int64_t batch_size_;
  Recorder* recorder_;
  bool is_prepared_ = false;  // a batch of that size has been computed
  // What the recording reads and leaves behind.
  Batch batch_;
  Tensor loss_;
  std::vector<Tensor> gradients_;  // of trainable_, some perhaps undefined
  std::unique_ptr<Recording> recording_;
};

}  // namespace promptbed
