#include "clip/towers/frozen_weight.h"

#include <ATen/ATen.h>

#include "base/machine.h"

namespace promptbed {
namespace {

Tensor laid_out(const Tensor& weight, ProductKernel kernel) {
  const Tensor rounded = weight.to(factor_type(kernel));
  return kernel == ProductKernel::blas ? rounded.t().contiguous() : rounded.contiguous();
}

}  // namespace

torch::Dtype factor_type(ProductKernel kernel) {
  switch (kernel) {
    case ProductKernel::blas:
      return torch::kFloat;
    case ProductKernel::bf16:
    case ProductKernel::rounded_bf16:
      return torch::kBFloat16;
    case ProductKernel::f16:
    case ProductKernel::rounded_f16:
      break;
  }
  return torch::kHalf;
}

bool multiplies_in_f32(ProductKernel kernel) {
  return kernel != ProductKernel::bf16 && kernel != ProductKernel::f16;
}

ProductKernel kernel_for(const Placement& placement) {
  switch (placement.precision) {
    case Precision::f32:
    case Precision::tf32:
      break;
    case Precision::bf16: {
      const bool multiplies_bf16 = !placement.device.is_cpu() || (has_bf16_products() && at::hasMKLDNN());
      return multiplies_bf16 ? ProductKernel::bf16 : ProductKernel::rounded_bf16;
    }
    case Precision::f16:  // LibTorch 1 has no such products on processors
      return placement.device.is_cuda() ? ProductKernel::f16 : ProductKernel::rounded_f16;
  }
  return ProductKernel::blas;
}

FrozenWeight::FrozenWeight(const Tensor& weight, const Tensor& bias, ProductKernel kernel)
    : kernel_(kernel),
      outputs_(weight.size(0)),
      packed_(kernel == ProductKernel::bf16 ? pack(weight, bias) : nullptr) {
  if (packed_ != nullptr) return;
  weight_ = laid_out(weight.detach(), kernel);
  if (bias.defined()) bias_ = bias.to(torch::kFloat).contiguous();
}

FrozenWeight FrozenWeight::for_gradients(const Tensor& weight) const {
  if (kernel_ == ProductKernel::blas || !multiplies_in_f32(kernel_))
    return FrozenWeight(weight.t(), Tensor(), kernel_);
  FrozenWeight gradients;
  gradients.kernel_ = kernel_;
  gradients.outputs_ = weight.size(1);
  gradients.weight_ = weight_.t();
  return gradients;
}

Tensor FrozenWeight::multiply(const Tensor& x) const {
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = outputs_;
  return rows_multiplied(x.reshape({-1, x.size(-1)})).view(shape);
}

Tensor FrozenWeight::added(const Tensor& y, const Tensor& x) const {
  const Tensor rows = x.reshape({-1, x.size(-1)});
  if (packed_ != nullptr) {
    const Tensor sum = y.clone(at::MemoryFormat::Contiguous);
    packed_->multiply_onto(sum.view({-1, outputs_}), rows);
    return sum;
  }
  if (kernel_ != ProductKernel::blas) return multiply(x).add_(y);
  Tensor sum = bias_.defined() ? y + bias_ : y.clone();
  sum.view({-1, outputs_}).addmm_(rows, weight_);
  return sum;
}

/// [n, in] -> [n, out]
Tensor FrozenWeight::rows_multiplied(const Tensor& rows) const {
  if (packed_ != nullptr) return packed_->multiply(rows);
  if (kernel_ == ProductKernel::blas)
    return bias_.defined() ? at::addmm(bias_, rows, weight_) : at::mm(rows, weight_);
  const Tensor rounded = rows.to(weight_.scalar_type());
  if (multiplies_in_f32(kernel_))
    return at::linear(rounded.to(torch::kFloat), weight_.to(torch::kFloat), bias_);
  Tensor product = at::linear(rounded, weight_).to(torch::kFloat);
  return bias_.defined() ? product.add_(bias_) : product;
}

}  // namespace promptbed
