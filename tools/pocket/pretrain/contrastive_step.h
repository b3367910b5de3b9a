#pragma once

#include "batches.h"
#include "contrastive_loss.h"
#include "towers.h"

namespace promptbed::pocket {

/// The contrastive loss of a batch, whose gradients are added to those of the weights and of `log_scale`.
/// Activations are kept of `chunk` pairs at most. A batch of more goes through the towers twice (gradient
/// caching, Gao et al., arXiv 2101.06983): once for the features, from which follow the loss and its
/// gradients with respect to them, and then chunk by chunk to carry these on to the weights. The result is
/// the same up to rounding, for a third more work.
ContrastiveLoss contrastive_step(TrainableTowers& towers, const Tensor& log_scale, const Batch& batch,
                                 int64_t chunk);

}  // namespace promptbed::pocket
