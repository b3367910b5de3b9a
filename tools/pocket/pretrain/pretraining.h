#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "clip/towers/layers.h"
#include "pretraining_recipe.h"

namespace promptbed::pocket {

/// Where it reads, writes and computes.
struct PretrainingJob {
  std::filesystem::path pairs;   ///< folder that tools/pocket/pairs.mjs wrote
  std::filesystem::path output;  ///< model folder; `training/` in it keeps the state and the loss curve
  Precision precision = Precision::f32;
  int64_t threads = 1;
  int64_t chunk = 1024;  ///< pairs of a batch whose activations are kept at once
};

/// Trains and writes the model, going on from the state that an earlier call left; at most so many steps, if
/// that is given, and then only the state is written. The state is kept every few minutes and after Ctrl-C
/// (Interrupted is thrown). With the same job and recipe the model has the same bits, wherever it was taken
/// up. A recipe that differs only in having more passes goes on from where the decay of the earlier ones
/// began. Some of the pairs are held out (held_out.h) and measured twice a pass and at the end. Throws Error
/// for pairs that cannot be used, and for a state of another recipe, precision or other pairs.
void pretrain(const PretrainingRecipe& recipe, const PretrainingJob& job,
              std::optional<int64_t> most_steps = std::nullopt);

}  // namespace promptbed::pocket
