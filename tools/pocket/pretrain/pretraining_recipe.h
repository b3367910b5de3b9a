#pragma once

#include <cstdint>

#include "initial_weights.h"

namespace promptbed::pocket {

/// How a CLIP is pre-trained. AdamW with decoupled weight decay on matrices. The learning rate rises over the
/// warm-up, stays, and falls over the last part of the steps as one minus the square root of how much of that
/// part is done (Hägele et al., arXiv 2405.18392).
struct PretrainingRecipe {
  Architecture architecture;  ///< the vocabulary follows from the merges
  int64_t merges = 8000;
  int64_t batch = 512;
  double passes = 8;  ///< over all pairs that are trained on
  double learning_rate = 1e-3;
  int64_t warm_up = 100;  ///< steps
  double decay = 0.2;     ///< the last part of the steps
  double weight_decay = 0.1;
  double seen_patches = 0.5;  ///< of each picture (FLIP, arXiv 2212.00794), those of one colour last, ...
  double last_full_steps =
      0.1;  ///< ... but for this last part of the steps, within the decay, which sees all
  uint64_t seed = 1;
};

}  // namespace promptbed::pocket
