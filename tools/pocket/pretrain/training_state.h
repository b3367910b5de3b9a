#pragma once

#include <torch/optim/adamw.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "pretraining_recipe.h"

namespace promptbed::pocket {

/// The weights while they learn, with the optimiser's moments; can be put aside and taken up again.
class TrainingState {
 public:
  TrainingState(Checkpoint initial, const PretrainingRecipe& recipe);

  /// Leaves that require gradients.
  const Checkpoint& weights() const { return weights_; }

  int64_t step() const { return step_; }

  /// Moves the weights along their gradients, whose norm over all weights is cut to 1.
  void advance(double learning_rate);

  /// `origin` names all that the bits of the state follow from.
  void save(const std::filesystem::path& path, const std::string& origin) const;

  /// Throws Error if the file is damaged or of another origin.
  void load(const std::filesystem::path& path, const std::string& origin);

  /// Whether the file is a state of this origin. Throws Error if it is damaged.
  static bool is_of(const std::filesystem::path& path, const std::string& origin);

 private:
  Checkpoint weights_;
  torch::optim::AdamW optimiser_;
  int64_t step_ = 0;
};

}  // namespace promptbed::pocket
