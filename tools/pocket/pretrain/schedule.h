#pragma once

#include <cstdint>

#include "pretraining_recipe.h"

namespace promptbed::pocket {

/// What a recipe says of each step. Nothing before the decay depends on the number of passes, so that a
/// training can be made longer from there.
class Schedule {
 public:
  Schedule(const PretrainingRecipe& recipe, int64_t pairs);

  int64_t steps() const { return steps_; }
  int64_t steps_per_pass() const { return steps_per_pass_; }

  /// The first step whose learning rate is lower than that of the steps before.
  int64_t decay_begin() const { return decay_begin_; }

  double learning_rate(int64_t step) const;

  /// Whether to measure after so many steps: twice a pass, and at the end.
  bool is_measured(int64_t steps) const;

  /// Whether the step sees all patches of its pictures.
  bool sees_all_patches(int64_t step) const { return step >= full_begin_; }

  /// Passes, in tenths, whose decay begins no earlier than `step`.
  double passes_to_decay_from(int64_t step) const;

 private:
  double learning_rate_, decay_;
  int64_t warm_up_, steps_per_pass_, steps_, decay_begin_, full_begin_;
};

}  // namespace promptbed::pocket
