#pragma once

#include <promptbed/recipe.h>
#include <promptbed/tensor.h>

#include <cstdint>
#include <vector>

namespace promptbed {

/// Stochastic gradient descent with momentum and weight decay, in the order of operations of PyTorch's SGD:
///   g = grad + decay p;  m = momentum m + g (at first m = g);  p = p - lr m
class Sgd {
 public:
  /// Throws Error where a tensor belongs to no group.
  Sgd(const NamedTensors& trainable, const Recipe& recipe);

  /// The rates of this epoch, counted from 0, for each group.
  void start_epoch(int64_t epoch);

  /// The first group's learning rate in this epoch.
  double learning_rate() const;

  void zero_gradients();
  void step();

 private:
  struct Slot {
    Tensor parameter, momentum;
    size_t group;
  };

  std::vector<ParameterGroup> groups_;
  std::vector<std::vector<double>> rates_;  // per group and epoch
  std::vector<Slot> slots_;
  int64_t epoch_ = 0;
};

}  // namespace promptbed
