#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

/// The letters that every signature uses:
///   B batch rows        K classes                 M context tokens
///   P prefix tokens     S packed suffix tokens    V views
///   W text width        D embedding width         N images
/// Tensors are row-major with the letters in the order in which they are written: [B, K, D].
namespace promptbed {

using torch::Tensor;

/// Tensors in a fixed order, each with the name under which a trained prompt stores it.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// x scaled to unit length along its last dimension.
inline Tensor normalised(const Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true);
}

}  // namespace promptbed
