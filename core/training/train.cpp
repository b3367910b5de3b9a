#include "training/train.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/signals.h"
#include "training/optimiser.h"

namespace promptbed {

std::vector<EpochRecord> train(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               EpochOrder& order, const std::function<void(const Tensor& loss)>& after_step,
                               const std::function<void(const EpochRecord&)>& after_epoch,
                               const PixelSource* pixels) {
  using Clock = std::chrono::steady_clock;
  const NamedTensors trainable = learner.trainable();
  if (trainable.empty())
    throw Error("there is nothing to train: trainable() is empty and fit() does not train; fix the plugin");
  const int64_t images = data.labels.size(0);
  const int64_t batch_size = std::min(recipe.batch_size, images);
  if (batch_size < 1) {
    throw Error(fmt::format("cannot train on {} images in batches of {}; give at least one of each", images,
                            recipe.batch_size));
  }
  const int64_t whole_epoch = steps_of_epoch(images, recipe);
  const int64_t epochs = epochs_of(recipe, whole_epoch);
  Optimiser optimiser(trainable, recipe, whole_epoch);

  std::vector<EpochRecord> records;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto start = Clock::now();
    const EpochRows rows = order.rows(epoch);
    const int64_t steps = std::min(whole_epoch, steps_of(recipe, whole_epoch) - epoch * whole_epoch);
    optimiser.start_epoch(epoch);
    std::optional<PixelStream> stream;
    if (pixels != nullptr) stream.emplace(*pixels, rows.images, epoch);
    Tensor sum = at::zeros({}, data.labels.options().dtype(torch::kFloat));
    for (int64_t step = 0; step < steps; ++step) {
      check_interrupt();
      optimiser.start_step(step);
      optimiser.zero_gradients();
      const int64_t begin = step * batch_size, count = std::min(batch_size, images - begin);
      Batch batch = take_rows(data, rows, begin, count);
      if (stream) batch.pixels = stream->next(count).to(data.labels.device());
      const Tensor loss = learner.backward(batch);
      optimiser.step();
      sum += loss;
      if (after_step) after_step(loss);
    }
    learner.epoch_end(epoch, epochs);
    const double mean = sum.item<double>() / static_cast<double>(steps);
    if (!std::isfinite(mean)) {
      throw Error(fmt::format("the loss is {} in epoch {} of {}; lower the learning rate with --lr", mean,
                              epoch + 1, epochs));
    }
    records.push_back({epoch, mean, optimiser.learning_rate(),
                       std::chrono::duration<double>(Clock::now() - start).count()});
    if (after_epoch) after_epoch(records.back());
  }
  return records;
}

}  // namespace promptbed
