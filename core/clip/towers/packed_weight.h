#pragma once

#include <promptbed/tensor.h>

#include <memory>

namespace promptbed {

/// A frozen weight W [out, in] in bf16, laid out once as oneDNN multiplies it fastest, and a bias b [out] in
/// f32. LibTorch's own operator takes weights in rows, lays them out anew for every product, and rounds its
/// result to bf16; here the result is the sum in f32.
class PackedWeight {
 public:
  virtual ~PackedWeight() = default;

  /// x W^T + b for x [n, in], whose numbers are rounded to bf16 -> [n, out] in f32.
  virtual Tensor multiply(const Tensor& x) const = 0;

  /// Adds that to `sum`, [n, out] in f32, whose rows lie one after another.
  virtual void multiply_onto(const Tensor& sum, const Tensor& x) const = 0;
};

/// nullptr where weights are not packed: on devices, on processors without bf16 products, and where LibTorch
/// keeps its oneDNN to itself, as the one inside PyTorch does. `bias` may be undefined.
std::shared_ptr<const PackedWeight> pack(const Tensor& weight, const Tensor& bias);

}  // namespace promptbed
