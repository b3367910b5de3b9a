#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace promptbed {

/// How tensors are moved along their gradients.
enum class OptimiserKind {
  sgd,    ///< with momentum
  adamw,  ///< Adam with decoupled weight decay (arXiv 1711.05101), betas 0.9 and 0.999
};

/// When the learning rate moves along its cosine.
enum class RatePace {
  epoch,  ///< from epoch to epoch
  step,   ///< from step to step: the cosine is over all steps
};

/// Trainable tensors whose names start with `prefix`, and how the optimiser moves them. A slower context
/// beside a faster network:
///
///     recipe.groups = {{.prefix = "ctx", .learning_rate = 0.0002}, {.prefix = ""}};
struct ParameterGroup {
  std::string prefix;  ///< "" takes all; the first group that matches a tensor takes it
  double learning_rate = 0.002;
  double momentum = 0.9;  ///< of SGD
  double weight_decay = 5e-4;
};

/// How a method is trained by the host's loop, where Training::trainable asks for it. The defaults are CoOp's
/// (arXiv 2109.01134, section 4.1).
struct Recipe {
  int64_t epochs = 200;
  int64_t batch_size = 32;
  int64_t warmup_epochs = 1;           ///< first epochs, at a constant rate
  double warmup_learning_rate = 1e-5;  ///< that rate; afterwards a cosine over all epochs
  std::vector<ParameterGroup> groups = {ParameterGroup{}};
  OptimiserKind optimiser = OptimiserKind::sgd;
  double epsilon = 1e-8;  ///< AdamW's, in its denominator
  RatePace pace = RatePace::epoch;
  bool keeps_last_batch = false;  ///< whether an epoch ends with the images that fill no batch
};

}  // namespace promptbed
