#pragma once

#include <ATen/ATen.h>
#include <promptbed/tensor.h>

#include <limits>

namespace promptbed::test {

/// max|a - b| / max|b|: how far `a` is from the reference `b`, on whatever devices. Infinite where the shapes
/// differ.
inline double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  const Tensor reference = b.cpu();
  return ((a.cpu() - reference).abs().max() / reference.abs().max()).item<double>();
}

}  // namespace promptbed::test
