#pragma once

#include <promptbed/prompt_learner.h>
#include <promptbed/task.h>

#include <cstdint>
#include <memory>

#include "methods/method_check.h"
#include "training/train.h"

namespace promptbed {

/// Learners of a method that is being checked, made and trained as the host does it, for a short time.
class CheckLearners {
 public:
  /// The method must outlive it.
  explicit CheckLearners(const CheckedMethod& method) : method_(method) {}

  /// Bound to the task. The generator is the task's; it is made from a seed unless it is given.
  std::unique_ptr<PromptLearner> bound(const Task& task, uint64_t seed) const;
  std::unique_ptr<PromptLearner> bound(Task task, torch::Generator generator) const;

  /// The same, trained if the method can be.
  std::unique_ptr<PromptLearner> trained(const CheckTask& task, uint64_t seed) const;

  /// Trains for two epochs at most. Returns whether the method trained itself.
  bool train(PromptLearner& learner, const CheckTask& task, uint64_t seed, TrainingAids aids = {}) const;

 private:
  const CheckedMethod& method_;
};

/// Images [N, D] or [N, 3, R, R] as evaluation shows them: without labels, and in the form that the method
/// asks for.
Batch test_batch(const Tensor& images, const Needs& needs);

/// What a learner makes of them: [N, K].
Tensor test_logits(PromptLearner& learner, const Tensor& images);

}  // namespace promptbed
