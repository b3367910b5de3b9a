#pragma once

#include <promptbed/tensor.h>

#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/frozen_weight.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// x -> x W^T + b with W [out, in] and b [out]; f32 in and out whatever the precision. A frozen weight is
/// laid out once as products with it are fastest, and gradients flow through to x alone; a weight that asks
/// for gradients gets them.
class Linear {
 public:
  Linear(const Tensor& weight, const Tensor& bias, const Placement& placement);

  /// "<name>.weight" and, where there is one, "<name>.bias".
  Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

  Tensor operator()(const Tensor& x) const;

  /// What follows is for frozen weights and keeps no graph: for those who write their own backward pass.

  /// y + x W^T + b.
  Tensor added(const Tensor& y, const Tensor& x) const { return forward_.added(y, x); }

  /// The gradient g W of x for the gradient g [.., out] of the result.
  Tensor gradient(const Tensor& g) const { return backward_.multiply(g); }

 private:
  FrozenWeight forward_, backward_;
  Tensor learned_weight_, learned_bias_;  // instead of the frozen ones
};

/// Layer norm over the last dimension with frozen scale and shift, in f32 (eps 1e-5, as in CLIP).
class LayerNorm {
 public:
  LayerNorm(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

  Tensor operator()(const Tensor& x) const;

  /// What follows keeps no graph: for those who write their own backward pass.

  /// The result, and the mean and the reciprocal deviation of each row.
  struct Normed {
    Tensor y, mean, rstd;
  };
  Normed forward(const Tensor& x) const;

  /// The gradient of x for the gradient g of the result.
  Tensor gradient(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& rstd) const;

 private:
  Tensor weight_, bias_;
};

Tensor activate(const Tensor& x, Activation activation);

/// The tensor of that name in f32 on the device.
Tensor frozen(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

}  // namespace promptbed
