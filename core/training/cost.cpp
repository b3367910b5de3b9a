#include "training/cost.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "base/signals.h"
#include "results/statistics.h"
#include "training/epoch_order.h"
#include "training/evaluate.h"
#include "training/optimiser.h"
#include "training/step_gradients.h"

namespace promptbed {
namespace {

constexpr size_t kNotCounted = 2;  // the first allocates, the second may be recorded
constexpr size_t kFewestSteps = 5;
constexpr int64_t kTrialImages = 4;  // show how many images fill the time
constexpr int64_t kMostImages = 2000;

template <class Action>
double seconds_of(Action&& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The rows of a step, going round and round through the training images.
EpochRows rows_of_step(int64_t images, int64_t step, int64_t batch_size) {
  return {at::arange(step * batch_size, (step + 1) * batch_size, torch::kLong).remainder(images),
          at::zeros({batch_size}, torch::kLong)};
}

std::vector<double> time_steps(PromptLearner& learner, const FeatureSet& data, const Recipe& recipe,
                               double seconds, const PixelSource* pixels, Recorder* recorder) {
  StepGradients gradients(learner, recipe.batch_size, recorder);
  Optimiser optimiser(learner.trainable(), recipe);
  optimiser.start_epoch(0);
  std::vector<double> steps;
  for (double passed = 0; passed < seconds || steps.size() < kFewestSteps; passed += steps.back()) {
    check_interrupt();
    const EpochRows rows =
        rows_of_step(data.labels.size(0), static_cast<int64_t>(steps.size()), recipe.batch_size);
    Batch batch = take_rows(data, rows, 0, recipe.batch_size);
    if (pixels != nullptr)
      batch.pixels = PixelStream(*pixels, rows.images, 0).next(recipe.batch_size).to(batch.labels.device());
    steps.push_back(seconds_of([&] {
      gradients.compute(batch).item<float>();  // waits for the device
      optimiser.step();
    }));
  }
  return {steps.begin() + kNotCounted, steps.end()};
}

/// So many images, tested as in a sweep; an online method takes batches here.
double time_test(PromptLearner& learner, const FeatureSet& images, int64_t number,
                 const PixelSource* pixels) {
  const int64_t known = images.labels.size(0), views = 1 + learner.needs().views_at_test;
  const Tensor rows = at::arange(number, images.labels.options()).remainder(known);
  ShownImages test{.set = {Tensor(), images.labels.index_select(0, rows)}};
  if (pixels != nullptr) {
    test.pixels = std::make_shared<RepeatedPixels>(*pixels, known);
  } else {
    const Tensor view = at::arange(views, rows.options()).remainder(images.features.size(1));
    test.set.features = images.features.index_select(0, rows).index_select(1, view);
  }
  return seconds_of([&] { evaluate(learner, test); });
}

}  // namespace

ParameterCount count_parameters(PromptLearner& learner) {
  NamedTensors learned = learner.trainable();
  if (learned.empty()) learned = learner.state();
  ParameterCount count;
  for (const auto& [name, tensor] : learned) {
    if (tensor.scalar_type() == at::kByte) continue;  // a text, such as the names of classes
    count.all += tensor.numel();
    if (!name.ends_with("bias")) count.without_biases += tensor.numel();
  }
  return count;
}

Cost measure_cost(PromptLearner& learner, const Task& task, const Recipe& recipe, double seconds,
                  const PixelSource* pixels, Recorder* recorder) {
  Cost cost;
  bool solved = false;
  const double solver_seconds = seconds_of([&] { solved = learner.fit(task.train, task.validation); });
  if (solved) {
    cost.train_images_per_second = static_cast<double>(task.train.labels.size(0)) / solver_seconds;
  } else if (!learner.trainable().empty()) {
    cost.batch_size = recipe.batch_size;
    cost.step_seconds = median(time_steps(learner, task.train, recipe, seconds, pixels, recorder));
    cost.train_images_per_second = static_cast<double>(recipe.batch_size) / *cost.step_seconds;
  }
  cost.parameters = count_parameters(learner).all;

  time_test(learner, task.train, kTrialImages, pixels);  // what a method computes once for its classes
  const double trial = time_test(learner, task.train, kTrialImages, pixels) / kTrialImages;
  const auto images = std::clamp(static_cast<int64_t>(seconds / trial), kTrialImages, kMostImages);
  cost.test_images_per_second = static_cast<double>(images) / time_test(learner, task.train, images, pixels);
  return cost;
}

}  // namespace promptbed
