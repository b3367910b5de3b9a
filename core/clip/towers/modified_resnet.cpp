#include "clip/towers/modified_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace promptbed {
namespace {

constexpr double kBatchNormEps = 1e-5;
constexpr int64_t kReduction = 32;  // input pixels per position of the last stage, along a side

const std::string kPool = "visual.attnpool";

}  // namespace

FoldedConvolution::FoldedConvolution(const Checkpoint& checkpoint, const std::string& convolution,
                                     const std::string& norm, int64_t stride, const Placement& placement)
    : stride_(stride) {
  const auto value = [&](const std::string& name) { return checkpoint.at(name).to(at::kDouble); };
  const Tensor scale = value(norm + ".weight") / (value(norm + ".running_var") + kBatchNormEps).sqrt();
  const Tensor weight = value(convolution + ".weight") * scale.view({-1, 1, 1, 1});
  const Tensor bias = value(norm + ".bias") - value(norm + ".running_mean") * scale;
  const ProductKernel kernel = kernel_for(placement);
  factors_ = factor_type(kernel);
  const auto multiplied = multiplies_in_f32(kernel) ? at::kFloat : factors_;
  weight_ = weight.to(factors_).to(placement.device, multiplied).contiguous();
  bias_ = bias.to(placement.device, multiplied);
  padding_ = weight.size(-1) / 2;
}

Tensor FoldedConvolution::operator()(const Tensor& x) const {
  const Tensor rounded = x.to(factors_).to(weight_.scalar_type());
  return at::conv2d(rounded, weight_, bias_, stride_, padding_).to(at::kFloat);
}

ModifiedResNet::ModifiedResNet(const Checkpoint& checkpoint, const Placement& placement)
    : resolution_(resolution_of(checkpoint)),
      embedding_width_(checkpoint.at(kPool + ".c_proj.weight").size(0)),
      heads_(checkpoint.at(kPool + ".c_proj.weight").size(1) / kHeadWidth),
      device_(placement.device),
      stem1_(checkpoint, "visual.conv1", "visual.bn1", 2, placement),
      stem2_(checkpoint, "visual.conv2", "visual.bn2", 1, placement),
      stem3_(checkpoint, "visual.conv3", "visual.bn3", 1, placement),
      positional_embedding_(frozen(checkpoint, kPool + ".positional_embedding", placement)),
      query_(checkpoint, kPool + ".q_proj", placement),
      key_(checkpoint, kPool + ".k_proj", placement),
      value_(checkpoint, kPool + ".v_proj", placement),
      projection_(checkpoint, kPool + ".c_proj", placement) {
  add_stage(checkpoint, "visual.layer1", 1, placement);
  for (const char* stage : {"visual.layer2", "visual.layer3", "visual.layer4"})
    add_stage(checkpoint, stage, 2, placement);
}

int64_t ModifiedResNet::resolution_of(const Checkpoint& checkpoint) {
  const int64_t places = checkpoint.at(kPool + ".positional_embedding").size(0) - 1;
  return static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(places)))) * kReduction;
}

void ModifiedResNet::add_stage(const Checkpoint& checkpoint, const std::string& name, int64_t stride,
                               const Placement& placement) {
  for (int64_t n = 0;; ++n) {
    const std::string block = fmt::format("{}.{}", name, n);
    if (!checkpoint.has(block + ".conv1.weight")) break;
    const auto convolution = [&](const char* weight, const char* norm) {
      return FoldedConvolution(checkpoint, block + weight, block + norm, 1, placement);
    };
    std::optional<FoldedConvolution> shortcut;
    if (checkpoint.has(block + ".downsample.0.weight"))
      shortcut = convolution(".downsample.0", ".downsample.1");
    blocks_.push_back({convolution(".conv1", ".bn1"), convolution(".conv2", ".bn2"),
                       convolution(".conv3", ".bn3"), std::move(shortcut), n == 0 ? stride : 1});
  }
}

Tensor ModifiedResNet::encode(const Tensor& pixels) const {
  const at::NoGradGuard no_grad;
  Tensor x = stem1_(pixels.to(device_)).relu_();
  x = stem2_(x).relu_();
  x = stem3_(x).relu_();
  x = at::avg_pool2d(x, 2);
  for (const Bottleneck& block : blocks_) x = run(block, x);
  return pool(x);
}

Tensor ModifiedResNet::run(const Bottleneck& block, const Tensor& x) {
  const auto strided = [&](const Tensor& t) {
    return block.stride > 1 ? at::avg_pool2d(t, block.stride) : t;
  };
  const Tensor inner = block.convolve(block.reduce(x).relu_()).relu_();
  const Tensor shortcut = block.shortcut ? (*block.shortcut)(strided(x)) : x;
  return block.expand(strided(inner)).add_(shortcut).relu_();
}

Tensor ModifiedResNet::pool(const Tensor& x) const {
  const int64_t batch = x.size(0), channels = x.size(1);
  const Tensor places = x.flatten(2).transpose(1, 2);  // [B, T, C]
  const Tensor tokens = at::cat({places.mean(1, true), places}, 1) + positional_embedding_;
  const auto split = [&](const Tensor& t) {  // [B, T, C] -> [B, heads, T, C / heads]
    return t.reshape({batch, -1, heads_, channels / heads_}).transpose(1, 2);
  };
  const Tensor query =
      split(query_(tokens.narrow(1, 0, 1))) * std::pow(static_cast<double>(kHeadWidth), -0.5);
  const Tensor weights = at::matmul(query, split(key_(tokens)).transpose(-2, -1)).softmax(-1);
  const Tensor mixed = at::matmul(weights, split(value_(tokens)));  // [B, heads, 1, C / heads]
  return projection_(mixed.reshape({batch, channels}));
}

}  // namespace promptbed
