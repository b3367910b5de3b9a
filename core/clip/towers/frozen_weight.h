#pragma once

#include <promptbed/tensor.h>

#include <memory>

#include "clip/towers/packed_weight.h"
#include "clip/towers/placement.h"

namespace promptbed {

/// How products with a frozen weight are computed.
enum class ProductKernel {
  blas,          ///< f32, weight transposed: BLAS reads both factors along their rows
  bf16,          ///< factors in bf16, sums in f32: oneDNN's, or a GPU's
  f16,           ///< factors in f16, sums in f32: a GPU's
  rounded_bf16,  ///< where nothing multiplies bf16: factors are rounded to it and multiplied in f32
  rounded_f16,   ///< the same for f16
};

/// The type to which a kernel rounds the factors.
torch::Dtype factor_type(ProductKernel kernel);

/// Whether a kernel multiplies rounded factors in f32.
bool multiplies_in_f32(ProductKernel kernel);

/// The fastest for a placement on this processor, as measured (docs/performance.md). It depends on nothing
/// else, so that a run gives the same bits whenever it is repeated.
ProductKernel kernel_for(const Placement& placement);

/// A frozen weight W [out, in] and bias [out], laid out once for x W^T + b: f32 in and out, whatever the
/// kernel. It receives no gradients.
class FrozenWeight {
 public:
  FrozenWeight() = default;

  /// `bias` may be undefined.
  FrozenWeight(const Tensor& weight, const Tensor& bias, ProductKernel kernel);

  /// The same weight for gradients, g [.., out] -> g W, without bias; shares the storage if the kernel
  /// reads it both ways. `weight` is what this one was made from.
  FrozenWeight for_gradients(const Tensor& weight) const;

  /// x [.., in] -> [.., out]
  Tensor multiply(const Tensor& x) const;

  /// y + x W^T + b with y [.., out], as a new tensor.
  Tensor added(const Tensor& y, const Tensor& x) const;

 private:
  Tensor rows_multiplied(const Tensor& rows) const;

  ProductKernel kernel_ = ProductKernel::blas;
  int64_t outputs_ = 0;
  std::shared_ptr<const PackedWeight> packed_;  // instead of the following, where there is one
  Tensor weight_, bias_;
};

}  // namespace promptbed
