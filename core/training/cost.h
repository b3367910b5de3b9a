#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <optional>

#include "features/pixels.h"
#include "results/run_record.h"
#include "training/recorder.h"

namespace promptbed {

/// The numbers that training moves or, of a method with a solver of its own, that it keeps; no texts.
ParameterCount count_parameters(PromptLearner& learner);

/// What training and testing a method costs.
struct Cost {
  int64_t parameters = 0;                         ///< that it learns: count_parameters
  int64_t batch_size = 0;                         ///< images of a step; 0 without steps
  std::optional<double> step_seconds;             ///< median of the steps; none without steps
  std::optional<double> train_images_per_second;  ///< none without training
  double test_images_per_second = 0;
};

/// Measures a bound learner: steps by the recipe on the task's training features until `seconds` have passed,
/// at least five of which the first two do not count, or its own solver once; then tests images for about as
/// long. `pixels` are those of the training images, for a method that takes them; a recorder repeats steps.
/// This trains the learner, so its numbers are of no use afterwards.
Cost measure_cost(PromptLearner& learner, const Task& task, const Recipe& recipe, double seconds,
                  const PixelSource* pixels = nullptr, Recorder* recorder = nullptr);

}  // namespace promptbed
