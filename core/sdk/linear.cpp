#include <ATen/ATen.h>
#include <promptbed/linear.h>

#include <cmath>

namespace promptbed {

Tensor initial_linear(const Task& task, at::IntArrayRef shape, int64_t inputs) {
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  return at::empty(shape, torch::kFloat)
      .uniform_(-bound, bound, task.generator)
      .to(task.device)
      .requires_grad_();
}

}  // namespace promptbed
