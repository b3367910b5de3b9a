#pragma once

#include <promptbed/tensor.h>
#include <promptbed/tower.h>

#include <memory>
#include <string>
#include <utility>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/packed_prompts.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// The text tower from its first residual attention block to its projection, on packed prompts. What has gone
/// through blocks 0 to `end` - 1 are rows [B, R, W] or, behind the last block, the text features [B, K, D] of
/// the group's classes.
class TextBlocks {
 public:
  virtual ~TextBlocks() = default;

  /// Blocks of the tower.
  virtual int64_t count() const = 0;

  /// Through the first blocks: prefix [B or 1, P, W] and suffix rows [R - P, W] or [B or 1, R - P, W],
  /// without positions. Differentiable in both, and in the changes of these blocks.
  virtual Tensor start(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group, int64_t end,
                       const TowerChanges& changes = {}) const = 0;

  /// Rows [B, R, W] at the entry of block `begin` through the next ones. Differentiable in x and the changes.
  virtual Tensor go_on(const Tensor& x, const PackedPrompts& group, int64_t begin, int64_t end,
                       const TowerChanges& changes = {}) const = 0;

  /// All blocks.
  Tensor encode(const Tensor& prefix, const Tensor& suffix, const PackedPrompts& group) const {
    return start(prefix, suffix, group, count());
  }
};

/// With LibTorch's operators, on any device, and differentiable in weights that require gradients.
std::unique_ptr<TextBlocks> make_differentiable_text_blocks(const Checkpoint& checkpoint,
                                                            const Placement& placement);

/// The same results for frozen weights on the CPU, several times as fast for small models: its own backward
/// pass, attention that computes no score between two classes, and no first-block gradients of constant
/// suffixes.
std::unique_ptr<TextBlocks> make_frozen_text_blocks(const Checkpoint& checkpoint, const Placement& placement);

/// Layers of the text tower. Throws Error if it has none.
int64_t count_text_blocks(const Checkpoint& checkpoint);

/// The scores' factor 1/sqrt(d) of heads of width d.
double query_scale(int64_t width, int64_t heads);

/// Weight and bias of a block's queries, keys and values [3 W, W] and [3 W], with query_scale() in the
/// queries: for d = 64 that is a power of two, and the change is exact.
std::pair<Tensor, Tensor> scaled_query_key_value(const Checkpoint& checkpoint, const std::string& block);

/// [B, R, W]: the prefix and the suffix rows of each image, with their positions' embeddings.
Tensor packed_rows(const Tensor& prefix, const Tensor& suffix, const Tensor& position_embedding,
                   const PackedPrompts& group);

}  // namespace promptbed
