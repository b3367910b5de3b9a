#include "clip/towers/frozen_weight.h"

#include <ATen/ATen.h>

#include "base/machine.h"

namespace promptbed {
namespace {

Tensor laid_out(const Tensor& weight, ProductKernel kernel) {
  return kernel == ProductKernel::blas ? weight.to(torch::kFloat).t().contiguous()
                                       : weight.to(torch::kBFloat16).contiguous();
}

/// The nearest numbers that bf16 has.
Tensor rounded(const Tensor& x) {
  return x.to(torch::kBFloat16).to(torch::kFloat);
}

}  // namespace

ProductKernel kernel_for(const Placement& placement) {
  if (placement.precision != Precision::bf16) return ProductKernel::blas;
  const bool multiplies_bf16 = has_bf16_products() && at::hasMKLDNN();
  return placement.device.is_cpu() && !multiplies_bf16 ? ProductKernel::rounded_bf16
                                                       : ProductKernel::onednn_bf16;
}

FrozenWeight::FrozenWeight(const Tensor& weight, const Tensor& bias, ProductKernel kernel)
    : kernel_(kernel),
      outputs_(weight.size(0)),
      weight_(laid_out(weight.detach(), kernel)),
      bias_(bias.defined() ? bias.to(torch::kFloat).contiguous() : bias) {}

FrozenWeight FrozenWeight::for_gradients(const Tensor& weight) const {
  if (kernel_ != ProductKernel::rounded_bf16) return FrozenWeight(weight.t(), Tensor(), kernel_);
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
  if (kernel_ != ProductKernel::blas) return multiply(x).add_(y);
  Tensor sum = bias_.defined() ? y + bias_ : y.clone();
  sum.view({-1, outputs_}).addmm_(x.reshape({-1, x.size(-1)}), weight_);
  return sum;
}

/// [n, in] -> [n, out]
Tensor FrozenWeight::rows_multiplied(const Tensor& rows) const {
  switch (kernel_) {
    case ProductKernel::blas:
      return bias_.defined() ? at::addmm(bias_, rows, weight_) : at::mm(rows, weight_);
    case ProductKernel::onednn_bf16: {
      Tensor product = at::linear(rows.to(torch::kBFloat16), weight_).to(torch::kFloat);
      return bias_.defined() ? product.add_(bias_) : product;
    }
    case ProductKernel::rounded_bf16:
      break;
  }
  return at::linear(rounded(rows), weight_.to(torch::kFloat), bias_);
}

}  // namespace promptbed
