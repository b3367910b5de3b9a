#pragma once

#include <promptbed/export.h>
#include <promptbed/tensor.h>

#include <cstdint>

/// How sure logits are: what methods that adapt to test images choose views by.
namespace promptbed {

/// Entropy [..] of the softmax of logits [.., K], in nats.
PROMPTBED_EXPORT Tensor entropy(const Tensor& logits);

/// Entropy [] of the mean of the softmaxes of logits [N, K], in nats.
PROMPTBED_EXPORT Tensor entropy_of_mean(const Tensor& logits);

/// The rows of logits [N, K] by ascending entropy, [N] int64; of equal ones the first comes first.
PROMPTBED_EXPORT Tensor by_certainty(const Tensor& logits);

/// How many of some views a share of them is, rounded down as the authors of such methods do, and at least 1.
PROMPTBED_EXPORT int64_t count_of_share(int64_t views, double share);

}  // namespace promptbed
