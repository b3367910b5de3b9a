#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <span>
#include <string>

namespace promptbed::pocket {

/// The loss of a batch of B pairs, and how many pictures were nearest to their own caption.
struct ContrastiveLoss {
  Tensor loss;  ///< scalar, differentiable
  double accuracy;
};

/// CLIP's symmetric contrastive loss (arXiv 2103.00020, figure 3): the mean of the cross-entropies of
/// pictures over captions and of captions over pictures. Pairs of the same name are no negatives of each
/// other.
///   image and text features [B, D], not normalised; log_scale a scalar; names B
ContrastiveLoss contrastive_loss(const Tensor& image_features, const Tensor& text_features,
                                 const Tensor& log_scale, std::span<const int64_t> names);

}  // namespace promptbed::pocket
