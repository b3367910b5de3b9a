#include "clip/layers.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace promptbed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLayerNormEps = 1e-5;
constexpr double kQuickGeluSlope = 1.702;

torch::ScalarType multiply_type(Precision precision) {
  return precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat;
}

/// W for x W^T, stored as it is multiplied fastest. f32 products run on BLAS, up to twice as fast where both
/// factors are read along their rows; bf16 ones on oneDNN, which wants the transpose.
Tensor stored_for_products(const Tensor& weight) {
  return (weight.scalar_type() == torch::kFloat ? weight.t() : weight).contiguous();
}

/// x [..., in] -> [..., out] in f32, by a weight that is stored for products
Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (weight.scalar_type() != torch::kFloat)
    return at::linear(x.to(weight.scalar_type()), weight, bias).to(torch::kFloat);
  const Tensor rows = x.reshape({-1, weight.size(0)});
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(1);
  return (bias.defined() ? at::addmm(bias, rows, weight) : at::mm(rows, weight)).view(shape);
}

/// A frozen layer, as an argument that asks for no gradient.
struct FrozenLayer {
  Tensor weight, bias, transposed;
};

struct FrozenProduct : torch::autograd::Function<FrozenProduct> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const FrozenLayer& layer) {
    context->saved_data["transposed"] = layer.transposed;
    return product(x, layer.weight, layer.bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const Tensor transposed = context->saved_data["transposed"].toTensor();
    return {product(gradients[0], transposed, Tensor()), Tensor()};
  }
};

/// x sigmoid(1.702 x), keeping x alone.
struct QuickGelu : torch::autograd::Function<QuickGelu> {
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    context->save_for_backward({x});
    return (x * kQuickGeluSlope).sigmoid_().mul_(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const Tensor x = context->get_saved_variables()[0];
    const Tensor slope = x * kQuickGeluSlope, gate = slope.sigmoid();
    // s + 1.702 x s (1 - s)
    return {slope.mul_(1 - gate).add_(1).mul_(gate).mul_(gradients[0])};
  }
};

}  // namespace

std::string_view to_string(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "f32";
}

Tensor frozen(const Checkpoint& checkpoint, const std::string& name, const Placement& placement) {
  return checkpoint.at(name).to(placement.device, torch::kFloat).contiguous();
}

Linear::Linear(const Tensor& weight, const Tensor& bias, const Placement& placement)
    : learns_(weight.requires_grad()) {
  const auto place = [&](const Tensor& x) {
    return x.to(placement.device, multiply_type(placement.precision));
  };
  const Tensor placed = place(weight);
  weight_ = learns_ ? placed.contiguous() : stored_for_products(placed);
  if (!learns_ && placement.differentiable) transposed_ = stored_for_products(placed.t());
  if (bias.defined()) bias_ = place(bias).contiguous();
}

Linear::Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : Linear(checkpoint.at(name + ".weight"),
             checkpoint.has(name + ".bias") ? checkpoint.at(name + ".bias") : Tensor(), placement) {}

Tensor Linear::operator()(const Tensor& x) const {
  if (learns_) return at::linear(x.to(weight_.scalar_type()), weight_, bias_).to(torch::kFloat);
  if (x.requires_grad() && at::GradMode::is_enabled())
    return FrozenProduct::apply(x, FrozenLayer{weight_, bias_, transposed_});
  return product(x, weight_, bias_);
}

LayerNorm::LayerNorm(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : weight_(frozen(checkpoint, name + ".weight", placement)),
      bias_(frozen(checkpoint, name + ".bias", placement)) {}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, kLayerNormEps);
}

Tensor activate(const Tensor& x, Activation activation) {
  return activation == Activation::quick_gelu ? QuickGelu::apply(x) : at::gelu(x);
}

}  // namespace promptbed
