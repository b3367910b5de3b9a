#pragma once

#include <promptbed/recipe.h>

#include <cstdint>
#include <vector>

namespace promptbed {

/// Steps of a whole epoch of so many images, at least 1: the last, smaller batch counts if it is the only one
/// or the recipe keeps it.
int64_t steps_of_epoch(int64_t images, const Recipe& recipe);

/// Epochs of so many steps that training goes through. A recipe with a budget of iterations starts as many as
/// it takes, and may break off the last.
int64_t epochs_of(const Recipe& recipe, int64_t steps_per_epoch);

/// Steps in all.
int64_t steps_of(const Recipe& recipe, int64_t steps_per_epoch);

/// Learning rate of each epoch (or of each step, if the rate moves with the steps): `warmup_epochs` at
/// `warmup`, then from `base` along a cosine of `epochs` epochs towards `end`. The recursion is that of
/// PyTorch's CosineAnnealingLR and gives its doubles bit by bit; the closed form does not:
///   lr[w] = base
///   lr[e] = (1 + cos(pi (e-w) / T)) / (1 + cos(pi (e-w-1) / T)) (lr[e-1] - end) + end
class LearningRates {
 public:
  LearningRates(int64_t epochs, double base, int64_t warmup_epochs, double warmup, double end = 0)
      : epochs_(epochs), warmup_epochs_(warmup_epochs), base_(base), warmup_(warmup), end_(end) {}

  /// That of an epoch (or step), counted from 0. All rates up to the highest that was asked for are kept.
  double at(int64_t epoch);

 private:
  double next() const;

  int64_t epochs_, warmup_epochs_;
  double base_, warmup_, end_;
  std::vector<double> rates_;  // as far as they were asked for
};

}  // namespace promptbed
