#include "clip/layers.h"

#include <ATen/ATen.h>

namespace promptbed {
namespace {

torch::ScalarType multiply_type(Precision precision) {
  return precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat;
}

constexpr double kLayerNormEps = 1e-5;
constexpr double kQuickGeluSlope = 1.702;

}  // namespace

std::string_view to_string(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "f32";
}

Tensor frozen(const Checkpoint& checkpoint, const std::string& name, const Placement& placement) {
  return checkpoint.at(name).to(placement.device, torch::kFloat).contiguous();
}

Linear::Linear(const Tensor& weight, const Tensor& bias, const Placement& placement)
    : weight_(weight.to(placement.device, multiply_type(placement.precision)).contiguous()),
      bias_(bias.defined() ? bias.to(placement.device, multiply_type(placement.precision)).contiguous()
                           : bias) {}

Linear::Linear(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : Linear(checkpoint.at(name + ".weight"),
             checkpoint.has(name + ".bias") ? checkpoint.at(name + ".bias") : Tensor(), placement) {}

Tensor Linear::operator()(const Tensor& x) const {
  return at::linear(x.to(weight_.scalar_type()), weight_, bias_).to(torch::kFloat);
}

LayerNorm::LayerNorm(const Checkpoint& checkpoint, const std::string& name, const Placement& placement)
    : weight_(frozen(checkpoint, name + ".weight", placement)),
      bias_(frozen(checkpoint, name + ".bias", placement)) {}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, kLayerNormEps);
}

Tensor activate(const Tensor& x, Activation activation) {
  return activation == Activation::quick_gelu ? x * at::sigmoid(kQuickGeluSlope * x) : at::gelu(x);
}

}  // namespace promptbed
