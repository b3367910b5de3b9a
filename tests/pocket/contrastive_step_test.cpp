#include "contrastive_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "small_architecture.h"
#include "support/relative_difference.h"

namespace promptbed::pocket {
namespace {

constexpr int64_t kBatch = 35;
constexpr int64_t kVocabulary = 40;

/// Pairs of which some share a name; three of the four patches are seen.
Batch some_batch() {
  Batch batch;
  batch.input.pixels = at::randn({kBatch, 3, 16, 16}, at::make_generator<at::CPUGeneratorImpl>(1));
  batch.input.patches = torch::tensor({0, 1, 3}, torch::kLong).expand({kBatch, 3});
  for (int64_t i = 0; i < kBatch; ++i) {
    std::vector<int64_t> tokens = {38};
    for (int64_t n = 0; n < 1 + i % 4; ++n) tokens.push_back((7 * i + n) % 38);
    tokens.push_back(39);
    batch.input.captions.push_back(tokens);
    batch.names.push_back(i % 30);
  }
  return batch;
}

struct Step {
  double loss, accuracy;
  std::map<std::string, Tensor> gradients;
};

Step step_in_chunks_of(int64_t chunk) {
  Checkpoint clip = initial_weights(small_architecture(kVocabulary), 1);
  for (auto& [name, tensor] : clip.tensors) tensor.requires_grad_();
  TrainableTowers towers(clip, {}, 2);
  const ContrastiveLoss loss = contrastive_step(towers, clip.at("logit_scale"), some_batch(), chunk);
  Step step = {loss.loss.item<double>(), loss.accuracy, {}};
  for (const auto& [name, weight] : clip.tensors) step.gradients[name] = weight.grad();
  return step;
}

TEST(ContrastiveStep, FindsTheSameInChunksOfAnySize) {
  const Step whole = step_in_chunks_of(kBatch);
  for (const int64_t chunk : {int64_t{1}, int64_t{8}, kBatch - 1}) {
    const Step chunked = step_in_chunks_of(chunk);
    EXPECT_NEAR(chunked.loss, whole.loss, 1e-5);
    EXPECT_EQ(chunked.accuracy, whole.accuracy);
    for (const auto& [name, gradient] : whole.gradients) {
      ASSERT_TRUE(gradient.defined()) << name;
      EXPECT_LT(test::relative_difference(chunked.gradients.at(name), gradient), 1e-4)
          << name << ", " << chunk;
    }
  }
}

}  // namespace
}  // namespace promptbed::pocket
