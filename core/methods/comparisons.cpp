#include "methods/comparisons.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace promptbed {

constexpr double kTolerance = 1e-4;

bool close(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  const double largest = std::max(1.0, a.abs().max().item<double>());
  return (a - b).abs().max().item<double>() <= kTolerance * largest;
}

NamedTensors copied(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors)
    copies.emplace_back(name, tensor.detach().to(torch::kCPU).contiguous().clone());
  return copies;
}

std::string first_difference(const NamedTensors& before, const NamedTensors& after) {
  for (size_t i = 0; i < before.size(); ++i) {
    if (i >= after.size() || after[i].first != before[i].first ||
        !at::equal(after[i].second, before[i].second))
      return before[i].first;
  }
  return after.size() > before.size() ? after[before.size()].first : "";
}

bool equal(const Recipe& a, const Recipe& b) {
  const auto same = [](const ParameterGroup& x, const ParameterGroup& y) {
    return x.prefix == y.prefix && x.learning_rate == y.learning_rate && x.momentum == y.momentum &&
           x.weight_decay == y.weight_decay;
  };
  return a.epochs == b.epochs && a.iterations == b.iterations && a.batch_size == b.batch_size &&
         a.warmup_epochs == b.warmup_epochs && a.warmup_learning_rate == b.warmup_learning_rate &&
         a.end_learning_rate == b.end_learning_rate && a.optimiser == b.optimiser && a.epsilon == b.epsilon &&
         a.pace == b.pace && a.keeps_last_batch == b.keeps_last_batch &&
         std::equal(a.groups.begin(), a.groups.end(), b.groups.begin(), b.groups.end(), same);
}

}  // namespace promptbed
