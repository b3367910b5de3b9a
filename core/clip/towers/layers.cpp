#include "clip/towers/layers.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <utility>

namespace promptbed {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLayerNormEps = 1e-5;

/// The two products of a frozen layer, as an argument that takes no gradient.
struct FrozenLayer {
  const FrozenWeight& forward;
  const FrozenWeight& backward;
};

/// A weight, in a form that a node of the graph can hold.
struct KeptWeight : torch::CustomClassHolder {
  explicit KeptWeight(FrozenWeight w) : weight(std::move(w)) {}
  FrozenWeight weight;
};

struct FrozenProduct : torch::autograd::Function<FrozenProduct> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const FrozenLayer& layer) {
    context->saved_data["backward"] =
        c10::IValue::make_capsule(c10::make_intrusive<KeptWeight>(layer.backward));
    return layer.forward.multiply(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = context->saved_data["backward"].toCapsule();
    return {static_cast<KeptWeight*>(kept.get())->weight.multiply(gradients[0]), Tensor()};
  }
};

/// x sigmoid(1.702 x), keeping only x for the backward pass.
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

Tensor frozen(const Checkpoint& checkpoint, const std::string& name, const Placement& placement) {
  return checkpoint.at(name).to(placement.device, torch::kFloat).contiguous();
}

Linear::Linear(const Tensor& weight, const Tensor& bias, const Placement& placement) {
  const Tensor placed_weight = weight.to(placement.device);
  const Tensor placed_bias = bias.defined() ? bias.to(placement.device) : bias;
  if (weight.requires_grad()) {
    // Not in f16, in which small gradients of weights would become 0.
    const auto type = placement.precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat;
    learned_weight_ = placed_weight.to(type).contiguous();
    if (bias.defined()) learned_bias_ = placed_bias.to(type).contiguous();
    return;
  }
  const ProductKernel kernel = kernel_for(placement);
  forward_ = FrozenWeight(placed_weight, placed_bias, kernel);
  if (placement.differentiable) backward_ = forward_.for_gradients(placed_weight);
}

Linear::Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : Linear(checkpoint.at(name + ".weight"),
             checkpoint.has(name + ".bias") ? checkpoint.at(name + ".bias") : Tensor(), placement) {}

Tensor Linear::operator()(const Tensor& x) const {
  if (learned_weight_.defined())
    return at::linear(x.to(learned_weight_.scalar_type()), learned_weight_, learned_bias_).to(torch::kFloat);
  if (x.requires_grad() && at::GradMode::is_enabled())
    return FrozenProduct::apply(x, FrozenLayer{forward_, backward_});
  return forward_.multiply(x);
}

LayerNorm::LayerNorm(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : weight_(frozen(checkpoint, name + ".weight", placement)),
      bias_(frozen(checkpoint, name + ".bias", placement)) {}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return with(weight_, bias_, x);
}

Tensor LayerNorm::with(const Tensor& weight, const Tensor& bias, const Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kLayerNormEps);
}

LayerNorm::Normed LayerNorm::forward(const Tensor& x) const {
  auto [y, mean, rstd] = at::native_layer_norm(x, {x.size(-1)}, weight_, bias_, kLayerNormEps);
  return {std::move(y), std::move(mean), std::move(rstd)};
}

Tensor LayerNorm::gradient(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& rstd) const {
  return std::get<0>(
      at::native_layer_norm_backward(g, x, {x.size(-1)}, mean, rstd, weight_, bias_, {true, false, false}));
}

Tensor activate(const Tensor& x, Activation activation) {
  return activation == Activation::quick_gelu ? QuickGelu::apply(x) : at::gelu(x);
}

}  // namespace promptbed
