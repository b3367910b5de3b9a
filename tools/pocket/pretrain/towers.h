#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/layers.h"

namespace promptbed::pocket {

/// What the towers see of B pictures and C captions; of a batch of pairs C is B.
struct TowerInput {
  Tensor pixels;                               ///< [B, 3, R, R], normalised
  Tensor patches;                              ///< [B, n] the patches to look at; undefined: all
  std::vector<std::vector<int64_t>> captions;  ///< C lists of tokens, start and end of text included
};

/// Both towers of a CLIP while it learns, worked by several threads. Each thread computes with aliases of the
/// weights and a graph of its own, so that threads never meet; the gradients that they find are added up in a
/// fixed order. The same number of threads gives the same bits.
class TrainableTowers {
 public:
  /// `weights` are leaves that require gradients, and stay the caller's.
  TrainableTowers(const Checkpoint& weights, Precision precision, int64_t threads);
  ~TrainableTowers();

  /// Image and text features [B, D] and [C, D], detached; keeps nothing.
  std::pair<Tensor, Tensor> features(const TowerInput& input) { return run(input, /*keeps=*/false); }

  /// The same, keeping what backward needs.
  std::pair<Tensor, Tensor> forward(const TowerInput& input) { return run(input, /*keeps=*/true); }

  /// Carries the loss's gradients with respect to the features of the last forward, [B, D] and [C, D], on to
  /// the weights, and adds to their grad. Once for each forward.
  void backward(const Tensor& image_gradients, const Tensor& text_gradients);

 private:
  class Lane;

  std::pair<Tensor, Tensor> run(const TowerInput& input, bool keeps);

  const Checkpoint& weights_;
  std::vector<Lane> lanes_;
};

}  // namespace promptbed::pocket
