#pragma once

#include <cstdint>

#include "initial_weights.h"

namespace promptbed::pocket {

/// How a CLIP is pre-trained. AdamW with decoupled weight decay on matrices, the learning rate rising over
/// the warm-up and falling along a half cosine to a fiftieth.
struct PretrainingRecipe {
  Architecture architecture;  ///< the vocabulary follows from the merges
  int64_t merges = 8000;
  int64_t batch = 256;
  int64_t passes = 8;  ///< over all pairs
  double learning_rate = 1e-3;
  int64_t warm_up = 100;  ///< steps
  double weight_decay = 0.1;
  double seen_patches = 0.5;      ///< of each picture (FLIP, arXiv 2212.00794), those of one colour last, ...
  double last_full_steps = 0.15;  ///< ... but for this last part of the steps, which sees all
  uint64_t seed = 1;
};

}  // namespace promptbed::pocket
