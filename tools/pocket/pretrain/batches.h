#pragma once

#include <promptbed/tensor.h>
#include <promptbed/tokenizer.h>

#include <cstdint>
#include <vector>

#include "clip/preprocessing.h"
#include "pair_set.h"
#include "pretraining_recipe.h"
#include "schedule.h"
#include "towers.h"

namespace promptbed::pocket {

/// B pairs, with what their loss needs.
struct Batch {
  TowerInput input;
  std::vector<int64_t> names;  ///< B numbers, the same for pairs of the same name
};

/// Makes the batch of any step: it follows from the recipe and the step alone, so that a training can be
/// taken up anywhere. What it is made from has to outlive it. To be used by one thread at a time.
class Batches {
 public:
  /// Throws Error if there are fewer pairs than a batch has.
  Batches(const PretrainingRecipe& recipe, const Schedule& schedule, const Preprocessing& preprocessing,
          const PairSet& pairs, const Tokenizer& tokenizer);

  /// Rendered at random, with captions drawn at random; of each picture the patches that this step sees.
  Batch make(int64_t step);

 private:
  /// [N] the pairs in the order of a pass.
  const Tensor& order_of(int64_t pass);

  /// [B, n], in ascending order for each picture; undefined where all patches are seen.
  Tensor draw_patches(const Tensor& pixels, int64_t step) const;

  const PretrainingRecipe& recipe_;
  const Schedule& schedule_;
  const Preprocessing& preprocessing_;
  const PairSet& pairs_;
  const Tokenizer& tokenizer_;
  std::vector<int64_t> names_;
  int64_t pass_ = -1;
  Tensor order_;
};

}  // namespace promptbed::pocket
