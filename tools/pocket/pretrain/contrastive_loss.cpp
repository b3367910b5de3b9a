#include "contrastive_loss.h"

#include <ATen/ATen.h>

#include <limits>

namespace promptbed::pocket {

ContrastiveLoss contrastive_loss(const Tensor& image_features, const Tensor& text_features,
                                 const Tensor& log_scale, std::span<const int64_t> names) {
  const auto batch = static_cast<int64_t>(names.size());
  const Tensor name = torch::tensor(at::ArrayRef<int64_t>(names.data(), names.size()), torch::kLong);
  const Tensor same_name = name.unsqueeze(0).eq(name.unsqueeze(1)).fill_diagonal_(false);
  const Tensor logits =
      (log_scale.exp() * at::matmul(normalised(image_features), normalised(text_features).t()))
          .masked_fill(same_name, -std::numeric_limits<float>::infinity());
  const Tensor target = at::arange(batch, torch::kLong);
  const Tensor loss =
      (at::cross_entropy_loss(logits, target) + at::cross_entropy_loss(logits.t(), target)) / 2;
  return {loss, logits.detach().argmax(1).eq(target).to(torch::kDouble).mean().item<double>()};
}

}  // namespace promptbed::pocket
