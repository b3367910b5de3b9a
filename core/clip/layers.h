#pragma once

#include <promptbed/tensor.h>

#include <string>
#include <string_view>

#include "clip/checkpoint.h"

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

/// x -> x W^T + b with W [out, in] and b [out]; f32 in and out whatever the precision. A frozen weight is
/// laid out once as products with it are fastest, and gradients flow through to x alone; a weight that asks
/// for gradients gets them.
class Linear {
 public:
  Linear(const Tensor& weight, const Tensor& bias, const Placement& placement);

  /// "<name>.weight" and, where there is one, "<name>.bias".
  Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

  Tensor operator()(const Tensor& x) const;

 private:
  bool learns_;
  Tensor weight_, transposed_, bias_;  // transposed_ is for gradients
};

/// Layer norm over the last dimension with frozen scale and shift, in f32 (eps 1e-5, as in CLIP).
class LayerNorm {
 public:
  LayerNorm(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

  Tensor operator()(const Tensor& x) const;

 private:
  Tensor weight_, bias_;
};

Tensor activate(const Tensor& x, Activation activation);

/// The tensor of that name in f32 on the device.
Tensor frozen(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

}  // namespace promptbed
