#include <ATen/ATen.h>
#include <promptbed/certainty.h>

#include <algorithm>
#include <cmath>

namespace promptbed {

Tensor entropy(const Tensor& logits) {
  const Tensor log_probabilities = logits.log_softmax(-1);
  return -(log_probabilities.exp() * log_probabilities).sum(-1);
}

Tensor entropy_of_mean(const Tensor& logits) {
  const double views = std::log(static_cast<double>(logits.size(0)));
  const Tensor log_mean = logits.log_softmax(-1).logsumexp(0) - views;
  return -(log_mean.exp() * log_mean).sum(-1);
}

Tensor by_certainty(const Tensor& logits) {
  return std::get<1>(at::sort(entropy(logits.detach()), /*stable=*/true, -1, /*descending=*/false));
}

int64_t count_of_share(int64_t views, double share) {
  return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(views) * share));
}

}  // namespace promptbed
