#pragma once

#include <ATen/ATen.h>
#include <promptbed/tensor.h>

#include <limits>

namespace promptbed::test {

/// max|a - b| / max|b|: how far `a` is from the reference `b`. Infinite where the shapes differ.
inline double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

}  // namespace promptbed::test
