#pragma once

#include <ATen/ATen.h>
#include <promptbed/prompt_learner.h>

#include <vector>

namespace promptbed::test {

/// Learns the mean [D] of the features that it is shown: loss |mean - x|^2 / 2, averaged over the rows. Keeps
/// the batches.
class MeanLearner : public PromptLearner {
 public:
  explicit MeanLearner(int64_t width) : mean_(at::zeros({width}).requires_grad_()) {}

  Options resolve(const Setting&) override { return {}; }
  void bind(const Task&) override {}
  void retarget(const ClassNames&) override {}
  Tensor logits(const Batch& batch) override { return batch.features; }

  Tensor loss(const Batch& batch) override {
    batches_.push_back(batch);
    return (mean_ - batch.features).square().sum(-1).mean() / 2;
  }
  void epoch_end(int64_t epoch, int64_t epochs) override { ends_.emplace_back(epoch, epochs); }
  NamedTensors trainable() override { return {{"mean", mean_}}; }

  const Tensor& mean() const { return mean_; }
  const std::vector<Batch>& batches() const { return batches_; }
  const std::vector<std::pair<int64_t, int64_t>>& ends() const { return ends_; }

 private:
  Tensor mean_;
  std::vector<Batch> batches_;
  std::vector<std::pair<int64_t, int64_t>> ends_;
};

}  // namespace promptbed::test
