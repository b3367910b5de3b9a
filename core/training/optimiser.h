#pragma once

#include <promptbed/recipe.h>
#include <promptbed/tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "training/schedule.h"

namespace promptbed {

/// Moves trainable tensors by a recipe, in the order of operations of PyTorch's optimisers. At step t:
///   SGD    g = grad + decay p;  m = momentum m + g (at first m = g);  p = p - lr m
///   Adam   g = grad + decay p;  m = 0.9 m + 0.1 g;  v = 0.999 v + 0.001 g^2;
///          p = p - lr (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + epsilon)
///   AdamW  p = p - lr decay p;  then as Adam, with g = grad
class Optimiser {
 public:
  /// For epochs of so many steps. Throws Error if a tensor belongs to no group.
  Optimiser(const NamedTensors& trainable, const Recipe& recipe, int64_t steps_per_epoch = 1);

  /// Takes each group's rate in the first step of this epoch, which is counted from 0.
  void start_epoch(int64_t epoch);

  /// Takes each group's rate in a step of the epoch, counted from 0: the epoch's own unless the recipe's pace
  /// is by steps.
  void start_step(int64_t step);

  /// The first group's learning rate now.
  double learning_rate() const;

  /// Moves the tensors that have a gradient.
  void step();

  /// Momenta, squares and counts of steps, by the tensors' names; nothing of a tensor that has not moved yet.
  NamedTensors state() const;

  /// The reverse, for an optimiser of the same tensors and recipe that has made no step.
  void load_state(const NamedTensors& state);

 private:
  struct Slot {
    std::string name;
    Tensor parameter;
    size_t group;
    Tensor momentum = {};
    Tensor square = {};  // Adam's v
    int64_t steps = 0;
  };

  void step_sgd(Slot& slot, const ParameterGroup& group, double rate);
  void step_adam(Slot& slot, const ParameterGroup& group, double rate);

  OptimiserKind kind_;
  double epsilon_;
  std::vector<ParameterGroup> groups_;
  int64_t rates_per_epoch_;
  std::vector<LearningRates> rates_;  // per group
  std::vector<double> current_rates_;
  std::vector<Slot> slots_;
  int64_t epoch_ = 0;
};

}  // namespace promptbed
