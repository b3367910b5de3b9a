#pragma once

#include <torch/types.h>

#include <string_view>

namespace promptbed {

/// What the frozen weights are multiplied in. With bf16 the residual stream, layer norms, softmax and all
/// learned tensors stay in f32.
enum class Precision { f32, bf16 };

/// "f32" or "bf16".
std::string_view to_string(Precision precision);

/// Where a tower lives and what it computes in.
struct Placement {
  torch::Device device = torch::kCPU;
  Precision precision = Precision::f32;
  bool differentiable = true;  ///< gradients flow through its frozen layers, which costs a second weight
};

}  // namespace promptbed
