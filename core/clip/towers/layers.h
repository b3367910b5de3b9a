#pragma once

#include <promptbed/tensor.h>

#include <string>

#include "clip/checkpoints/checkpoint.h"
#include "clip/towers/frozen_weight.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// Quick GELU is x sigmoid(1.702 x) (CLIP's model.py).
inline constexpr double kQuickGeluSlope = 1.702;

/// x -> x W^T + b with W [out, in] and b [out]; f32 in and out whatever the precision. A frozen weight is
/// laid out once for the fastest products, and gradients flow to x only; a weight that requires gradients
/// gets them.
class Linear {
 public:
  Linear(const Tensor& weight, const Tensor& bias, const Placement& placement);

  /// "<name>.weight" and, if there is one, "<name>.bias".
  Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement);

  Tensor operator()(const Tensor& x) const;

  /// The rest is for frozen weights and keeps no graph: for towers with a backward pass of their own.

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

  /// The same with another scale and shift, which may be learned.
  static Tensor with(const Tensor& weight, const Tensor& bias, const Tensor& x);

  /// The rest keeps no graph: for towers with a backward pass of their own.

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
