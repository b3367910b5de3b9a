#pragma once

#include <promptbed/prompt_learner.h>

#include <cstdint>
#include <optional>

namespace promptbed {

/// What training and testing a method costs.
struct Cost {
  int64_t parameters = 0;                         ///< numbers that training moves or keeps
  int64_t batch_size = 0;                         ///< images of a step; 0 without steps
  std::optional<double> step_seconds;             ///< median of the steps; none where there are no steps
  std::optional<double> train_images_per_second;  ///< none without training
  double test_images_per_second = 0;
};

/// Measures a bound learner: steps by the recipe on the task's training features until `seconds` have passed,
/// three at least and the first not counted, or its own solver once; then tests images one after another for
/// about as long. Trains it, so its numbers are no good afterwards.
Cost measure_cost(PromptLearner& learner, const Task& task, const Recipe& recipe, double seconds);

}  // namespace promptbed
