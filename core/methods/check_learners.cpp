#include "methods/check_learners.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "training/epoch_order.h"

namespace promptbed {
namespace {

constexpr int64_t kMostEpochs = 2;  // one at the warm-up's learning rate and one at the recipe's own
constexpr uint64_t kCropSeed = 1;

/// Features [N, D] and made ones of random crops, [N, 1 + crops, D]: each near its image, whatever the
/// others.
Tensor with_crops(const Tensor& features, int64_t crops) {
  constexpr double kNearness = 0.05;
  const Tensor factors =
      1 + kNearness * at::randn({crops, features.size(1)}, seeded_generator(kCropSeed, "crops"));
  return at::cat({features.unsqueeze(1), features.unsqueeze(1) * factors.to(features.device())}, 1);
}

}  // namespace

std::unique_ptr<PromptLearner> CheckLearners::bound(const Task& task, uint64_t seed) const {
  return bound(task, seeded_generator(seed, "init"));
}

std::unique_ptr<PromptLearner> CheckLearners::bound(Task task, torch::Generator generator) const {
  auto learner = method_.create(method_.options);
  learner->resolve(task);
  task.generator = std::move(generator);
  const Needs needs = learner->needs();
  if (!needs.validation_features) task.validation = {};
  if (needs.pixels) task.train.features = Tensor();
  if (method_.training == Training::none) task.train = {};
  learner->bind(task);
  return learner;
}

std::unique_ptr<PromptLearner> CheckLearners::trained(const CheckTask& task, uint64_t seed) const {
  auto learner = bound(task, seed);
  if (method_.training == Training::trainable) train(*learner, task, seed);
  return learner;
}

bool CheckLearners::train(PromptLearner& learner, const CheckTask& task, uint64_t seed,
                          TrainingAids aids) const {
  const Needs needs = learner.needs();
  FeatureSet images = task.train;
  if (needs.pixels) images.features = Tensor();
  if (learner.fit(images, needs.validation_features ? task.validation : FeatureSet())) return true;
  Recipe recipe = learner.recipe(task);
  const int64_t count = images.labels.size(0);
  recipe.epochs = std::min(epochs_of(recipe, steps_of_epoch(count, recipe)), kMostEpochs);
  recipe.iterations = 0;
  recipe.batch_size = std::clamp<int64_t>(count / 2, 1, recipe.batch_size);  // several steps an epoch
  ShuffledOrder order(count, needs.pixels ? 1 : images.features.size(1), seed);
  const StoredPixels pixels(task.pixels.unsqueeze(0));
  if (needs.pixels) aids.pixels = &pixels;
  promptbed::train(learner, images, recipe, order, aids);
  return false;
}

Batch test_batch(const Tensor& images, const Needs& needs) {
  Batch batch;
  (needs.pixels ? batch.pixels : batch.features) = images;
  if (needs.views_at_test > 0) batch.views_at_test = with_crops(images, needs.views_at_test);
  batch.images = at::arange(images.size(0), torch::kLong).to(images.device());
  batch.views = at::zeros_like(batch.images);
  return batch;
}

Tensor test_logits(PromptLearner& learner, const Tensor& images) {
  const Needs needs = learner.needs();
  const at::AutoGradMode gradients(needs.gradients_at_evaluation);
  return learner.logits(test_batch(images, needs)).detach().clone();
}

}  // namespace promptbed
