#pragma once

#include <promptbed/tower.h>

#include <cstdint>
#include <span>
#include <vector>

#include "clip/towers/layers.h"

namespace promptbed {

/// The change of a block, or null if it has none.
const BlockChange* change_of(const TowerChanges& changes, int64_t block);

/// The same, or one that changes nothing.
BlockChange change_or_none(const TowerChanges& changes, int64_t block);

/// Throws Error for changes of another shape than blocks of width W have, of a block that is not there, and
/// for two of the same block; `tower` is "text" or "image".
void check_changes(const TowerChanges& changes, int64_t width, int64_t blocks, const char* tower);

/// y + scale up(down(x)), differentiable in all of them; y itself if there is no change. `factor` is one
/// more, for weights that come scaled.
Tensor changed(const Tensor& y, const LowRank& change, const Tensor& x, double factor = 1);

/// The layer norm of x, with other weights if given.
Tensor changed(const LayerNorm& norm, const NormWeights& weights, const Tensor& x);

/// y, what a block gives, and what a branch beside it makes of `x`, the rows behind its attention norm.
Tensor with_branch(const Tensor& y, const Branch& branch, const Tensor& x);

/// All tensors in changes, in a fixed order, and the same changes of other tensors in that order: what a pass
/// that is computed again needs.
/// @{
std::vector<Tensor> tensors_in(const TowerChanges& changes);
TowerChanges with_tensors(TowerChanges changes, std::span<const Tensor> tensors);
/// @}

/// The same for the classes from the `first` on: dropout of their own.
TowerChanges of_group(TowerChanges changes, int64_t first);

}  // namespace promptbed
