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

LinearLayer LinearLayer::drawn(const Task& task, int64_t inputs, int64_t outputs) {
  return {initial_linear(task, {outputs, inputs}, inputs), initial_linear(task, {outputs}, inputs)};
}

Tensor LinearLayer::operator()(const Tensor& x) const {
  return at::linear(x, weight, bias);
}

LinearLayer LinearLayer::copy() const {
  const auto leaf = [](const Tensor& x) { return x.detach().clone().requires_grad_(); };
  return {leaf(weight), leaf(bias)};
}

NamedTensors LinearLayer::named(const std::string& name) const {
  return {{name + ".weight", weight}, {name + ".bias", bias}};
}

}  // namespace promptbed
