#pragma once

#include <promptbed/tensor.h>

#include <functional>

namespace promptbed {

/// f(a, b), differentiable in both, keeping only its arguments for the backward pass, which computes f again:
/// half as much work again (weights are frozen) for a fraction of the memory, with the same gradients (Chen
/// et al., arXiv 1604.06174). Whatever f refers to must outlive the backward pass.
Tensor recomputed(std::function<Tensor(const Tensor& a, const Tensor& b)> f, const Tensor& a,
                  const Tensor& b);

}  // namespace promptbed
