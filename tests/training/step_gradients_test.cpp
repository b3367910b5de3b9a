#include "training/step_gradients.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "clip/towers/stand_in_device.h"
#include "training/optimiser.h"

namespace promptbed {
namespace {

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

/// Learns the mean of features, each weighed by its label; counts how often it is asked for gradients.
class WeighedMean final : public PromptLearner {
 public:
  explicit WeighedMean(bool is_repeatable) : is_repeatable_(is_repeatable) {}

  Options resolve(const Setting&) override { return {}; }
  void bind(const Task&) override {}
  void retarget(const ClassNames&) override {}
  Tensor logits(const Batch& batch) override { return batch.features; }
  Offers offers() const override { return {.repeatable_steps = is_repeatable_}; }
  Tensor loss(const Batch& batch) override {
    return ((mean_ - batch.features).square().sum(-1) * batch.labels).mean();
  }
  Tensor backward(const Batch& batch) override {
    ++computed_;
    return PromptLearner::backward(batch);
  }
  NamedTensors trainable() override { return {{"mean", mean_}, {"idle", idle_}}; }

  int64_t computed() const { return computed_; }

 private:
  bool is_repeatable_;
  int64_t computed_ = 0;
  Tensor mean_ = at::zeros({2}, at::device(*kStandIn)).requires_grad_();
  Tensor idle_ = at::zeros({2}, at::device(*kStandIn)).requires_grad_();  // has no gradient
};

class StepGradientsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kStandIn) GTEST_SKIP() << "LibTorch 2 has no device that stands in for a GPU";
  }

  static Batch batch_of(int64_t size, float first) {
    Batch batch;
    batch.features = (at::arange(2 * size, torch::kFloat) + first).view({size, 2}).to(*kStandIn);
    batch.labels = at::arange(1, size + 1, torch::kLong).to(*kStandIn);
    batch.images = batch.views = at::zeros_like(batch.labels);
    return batch;
  }

  /// Losses, and the mean that is learned, of steps with batches of these sizes.
  static std::pair<std::vector<float>, Tensor> train(WeighedMean& learner, Recorder* recorder,
                                                     const std::vector<int64_t>& sizes) {
    StepGradients gradients(learner, /*batch_size=*/3, recorder);
    Recipe recipe;
    recipe.epochs = 1;
    recipe.groups = {{"", 0.01, 0.9, 0.1}};
    Optimiser optimiser(learner.trainable(), recipe);
    optimiser.start_epoch(0);
    std::vector<Tensor> losses;  // read at the end: later steps leave them alone
    for (size_t i = 0; i < sizes.size(); ++i) {
      losses.push_back(gradients.compute(batch_of(sizes[i], static_cast<float>(i))));
      optimiser.step();
    }
    std::vector<float> numbers;
    for (const Tensor& loss : losses) numbers.push_back(loss.item<float>());
    return {numbers, learner.trainable().front().second.detach().cpu()};
  }
};

TEST_F(StepGradientsTest, ARepeatedStepTrainsToTheSameBits) {
  const std::vector<int64_t> sizes = {2, 3, 3, 3, 3, 3, 2};
  WeighedMean computed(true), repeated(true);
  const auto recorder = make_recorder(repeated, *kStandIn);
  ASSERT_NE(recorder, nullptr);
  const auto [own_losses, own_mean] = train(computed, nullptr, sizes);
  const auto [losses, mean] = train(repeated, recorder.get(), sizes);
  EXPECT_EQ(losses, own_losses);
  EXPECT_TRUE(at::equal(mean, own_mean));
  EXPECT_EQ(computed.computed(), 7);
  EXPECT_EQ(repeated.computed(), 4) << "the first, the recorded one, and two of another size";
}

TEST_F(StepGradientsTest, NothingIsRecordedThatIsNotOfferedOrThatNobodyRecords) {
  EXPECT_EQ(make_recorder(WeighedMean(false), *kStandIn), nullptr);
  EXPECT_EQ(make_recorder(WeighedMean(true), torch::kCPU), nullptr);
}

TEST_F(StepGradientsTest, WhatCannotBeRecordedIsAnError) {
  class Reader final : public PromptLearner {
   public:
    Options resolve(const Setting&) override { return {}; }
    void bind(const Task&) override {}
    void retarget(const ClassNames&) override {}
    Tensor logits(const Batch& batch) override { return batch.features; }
    Offers offers() const override { return {.repeatable_steps = true}; }
    Tensor loss(const Batch& batch) override {
      return mean_.sum() * static_cast<double>(batch.labels.sum().item<int64_t>());
    }
    NamedTensors trainable() override { return {{"mean", mean_}}; }

   private:
    Tensor mean_ = at::zeros({2}, at::device(*kStandIn)).requires_grad_();
  };
  Reader reader;
  const auto recorder = make_recorder(reader, *kStandIn);
  StepGradients gradients(reader, /*batch_size=*/2, recorder.get());
  gradients.compute(batch_of(2, 0));
  EXPECT_THROW(gradients.compute(batch_of(2, 1)), std::runtime_error) << "it reads a number of the device";
}

}  // namespace
}  // namespace promptbed
