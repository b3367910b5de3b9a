#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace promptbed {

/// The update rule.
enum class OptimiserKind {
  sgd,    ///< with momentum
  adam,   ///< Adam (arXiv 1412.6980), weight decay added to the gradient, betas 0.9 and 0.999
  adamw,  ///< Adam with decoupled weight decay (arXiv 1711.05101), the same betas
};

/// How often the learning rate takes its next value on the cosine.
enum class RatePace {
  epoch,  ///< every epoch
  step,   ///< every step: the cosine spans all steps
};

/// Trainable tensors whose names start with `prefix`, and how the optimiser updates them. A slow context and
/// a faster network:
///
///     recipe.groups = {{.prefix = "ctx", .learning_rate = 0.0002}, {.prefix = ""}};
struct ParameterGroup {
  std::string prefix;            ///< "" matches all; a tensor belongs to the first group that matches it
  double learning_rate = 0.002;  ///< at its highest
  double momentum = 0.9;         ///< of SGD
  double weight_decay = 5e-4;    ///< added to the gradient; in AdamW decoupled from it
};

/// How the host's loop trains a method declared Training::trainable. The defaults are CoOp's
/// (arXiv 2109.01134, section 4.1).
struct Recipe {
  int64_t epochs = 200;                                     ///< passes over the training images
  int64_t iterations = 0;                                   ///< steps in all instead: 0 leaves it to `epochs`
  int64_t batch_size = 32;                                  ///< images per step
  int64_t warmup_epochs = 1;                                ///< first epochs, at a constant learning rate
  double warmup_learning_rate = 1e-5;                       ///< that rate; a cosine over all epochs follows
  double end_learning_rate = 0;                             ///< which the cosine of every group falls to
  std::vector<ParameterGroup> groups = {ParameterGroup{}};  ///< of the trainable tensors
  OptimiserKind optimiser = OptimiserKind::sgd;             ///< the update rule
  double epsilon = 1e-8;                                    ///< in the denominator of Adam and AdamW
  RatePace pace = RatePace::epoch;                          ///< of the cosine
  bool keeps_last_batch = false;  ///< whether an epoch ends with a smaller batch of the remaining images
};

}  // namespace promptbed
