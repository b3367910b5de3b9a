#include "training/step_gradients.h"

#include <ATen/ATen.h>

#include <utility>

namespace promptbed {
namespace {

/// What a batch in training consists of.
constexpr Tensor Batch::*kParts[] = {&Batch::features, &Batch::labels, &Batch::images, &Batch::views,
                                     &Batch::pixels};

}  // namespace

Tensor StepGradients::compute(const Batch& batch) {
  for (auto& [name, parameter] : trainable_) parameter.mutable_grad() = Tensor();
  const bool is_whole = batch.labels.size(0) == batch_size_;
  if (recorder_ == nullptr || !is_whole || !std::exchange(is_prepared_, true))
    return learner_.backward(batch);
  if (recording_ == nullptr) {
    record(batch);
  } else {
    replay(batch);
  }
  return loss_.clone();
}

void StepGradients::record(const Batch& batch) {
  for (const auto part : kParts) {
    if ((batch.*part).defined()) batch_.*part = (batch.*part).clone();
  }
  recording_ = recorder_->record([&] { loss_ = learner_.backward(batch_); });
  for (const auto& [name, parameter] : trainable_) gradients_.push_back(parameter.grad());
}

void StepGradients::replay(const Batch& batch) {
  for (const auto part : kParts) {
    if ((batch.*part).defined()) (batch_.*part).copy_(batch.*part);
  }
  recording_->replay();
  for (size_t i = 0; i < trainable_.size(); ++i) trainable_[i].second.mutable_grad() = gradients_[i];
}

}  // namespace promptbed
