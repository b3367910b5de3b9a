#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <optional>

namespace promptbed {
namespace {

/// Meta-Net: Linear-ReLU-Linear with a 16-fold bottleneck (arXiv 2203.05557, section 3.2).
class MetaNet {
 public:
  MetaNet() = default;

  /// D inputs, W outputs.
  explicit MetaNet(const Task& task) {
    const int64_t inputs = task.feature_width, outputs = task.text_encoder->width();
    const int64_t hidden = std::max<int64_t>(1, inputs / kBottleneck);
    weight1_ = initial_linear(task, {hidden, inputs}, inputs);
    bias1_ = initial_linear(task, {hidden}, inputs);
    weight2_ = initial_linear(task, {outputs, hidden}, hidden);
    bias2_ = initial_linear(task, {outputs}, hidden);
  }

  /// [B, D] -> [B, W]
  Tensor operator()(const Tensor& x) const {
    return at::linear(at::relu(at::linear(x, weight1_, bias1_)), weight2_, bias2_);
  }

  NamedTensors tensors() const {
    return {{"meta_net.linear1.weight", weight1_},
            {"meta_net.linear1.bias", bias1_},
            {"meta_net.linear2.weight", weight2_},
            {"meta_net.linear2.bias", bias2_}};
  }

 private:
  static constexpr int64_t kBottleneck = 16;

  Tensor weight1_, bias1_, weight2_, bias2_;
};

/// Conditional Context Optimization (arXiv 2203.05557): v_m(x) = v_m + h(x), the shift h a Meta-Net of the
/// image feature.
class CoCoOp final : public PromptLearner {
 public:
  explicit CoCoOp(const Options& options) : options_(options) {}

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    options_ = resolve_context(options_, setting);
    return options_;
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 10;
    recipe.batch_size = 1;
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    context_ = initial_context(options_, task).requires_grad_();
    meta_net_ = MetaNet(task);
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return similarities(images, text_features(images));
  }

  Outputs outputs(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    const Tensor texts = text_features(images), logits = similarities(images, texts);
    return {texts, logits, at::cross_entropy_loss(logits, batch.labels)};
  }

  NamedTensors trainable() override {
    NamedTensors tensors = {{"ctx", context_}};
    for (auto& tensor : meta_net_.tensors()) tensors.push_back(std::move(tensor));
    return tensors;
  }

  void retarget(const ClassNames& class_names) override {
    prompts_.emplace(task_, class_names, options_.integer("n_ctx"));
  }

 private:
  /// Of each image [B, D] of unit length, those of the classes: [B, K, D], not normalised.
  Tensor text_features(const Tensor& images) const {
    const Tensor context = context_ + meta_net_(images).unsqueeze(1);  // [B, M, W]
    return task_.text_encoder->encode(prompts_->with_shared(context));
  }

  Tensor similarities(const Tensor& images, const Tensor& texts) const {
    return task_.logit_scale * at::matmul(normalised(texts), images.unsqueeze(-1)).squeeze(-1);
  }

  Options options_;
  Task task_;
  Tensor context_;  // [M, W]
  MetaNet meta_net_;
  std::optional<ContextPrompts> prompts_;
};

constexpr OptionSpec kOptions[] = {kContextTokens, kContextWords};

constexpr MethodSpec kMethods[] = {
    {"cocoop", 1, "CoCoOp: a Meta-Net shifts the context by the image feature", Training::trainable, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new CoCoOp(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
