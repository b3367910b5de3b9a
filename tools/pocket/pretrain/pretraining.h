#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "clip/layers.h"
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
  int64_t warm_up = 200;  ///< steps
  double weight_decay = 0.1;
  double seen_patches = 0.5;      ///< of each picture, drawn at random (FLIP, arXiv 2212.00794), ...
  double last_full_steps = 0.15;  ///< ... but for this last part of the steps, which sees all
  uint64_t seed = 1;
};

/// Where it reads, writes and computes.
struct PretrainingJob {
  std::filesystem::path pairs;   ///< folder that tools/pocket/pairs.mjs wrote
  std::filesystem::path output;  ///< model folder; `training/` in it keeps the state and the loss curve
  Placement placement;
  int64_t threads = 1;
};

/// Trains and writes the model, going on from the state that an earlier call left; at most so many steps, if
/// that is given, and then only the state is written. The state is kept every few minutes and after Ctrl-C
/// (Interrupted is thrown). With the same recipe and threads the model has the same bits, wherever it was
/// taken up. The loss curve is curve.csv: step, learning rate, loss, accuracy within the batch, logit scale,
/// pairs a second. Throws Error for pairs or a state that cannot be used.
void pretrain(const PretrainingRecipe& recipe, const PretrainingJob& job,
              std::optional<int64_t> most_steps = std::nullopt);

}  // namespace promptbed::pocket
