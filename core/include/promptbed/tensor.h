#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

/// The letters used for shapes everywhere:
///   B batch rows        K classes                 M context tokens
///   P prefix tokens     S packed suffix tokens    V views
///   W tower width       D embedding width         N images
///   R pixels of a side  L tokens of an image      n tokens put into a tower
/// Tensors are row-major, dimensions in the order written: [B, K, D].
namespace promptbed {

using torch::Tensor;

/// Tensors in a fixed order, each with its name in a trained prompt's file.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// x scaled to unit length along its last dimension.
inline Tensor normalised(const Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true);
}

}  // namespace promptbed
