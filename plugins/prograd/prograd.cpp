#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Prompt-aligned Gradient (arXiv 2205.14865): if the gradient d of the cross-entropy opposes the gradient
/// g of the divergence from the zero-shot predictions, its component along g is removed:
///
///     d                              where d . g >= 0
///     d - weight (d . g / |g|^2) g   otherwise
class ProGrad final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Options resolve(const Setting& setting) override {
    if (const double temperature = options().real("temperature"); !(temperature > 0))
      throw Error(fmt::format("temperature {}: give a number above 0", temperature));
    check_template(setting, setting.prompt_template);
    return ContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 100;
    return recipe;
  }

  void bind(const Task& task) override {
    ContextLearner::bind(task);
    zero_shot_ = template_features(task, task.prompt_template, task.class_names);
  }

  /// The cross-entropy, as loss(); the gradient is the aligned one.
  Tensor backward(const Batch& batch) override {
    const Tensor learned = logits(batch);
    const Tensor entropy = at::cross_entropy_loss(learned, batch.labels);
    const Tensor context = trainable().front().second;
    const Tensor general = gradient_of(divergence(batch, learned), context);
    const Tensor own = gradient_of(entropy, context);
    context.mutable_grad() = aligned(own, general);
    return entropy.detach();
  }

 private:
  /// KL(zero-shot || learned) at the temperature but for the zero-shot entropy, which is constant.
  Tensor divergence(const Batch& batch, const Tensor& learned) const {
    const double temperature = options().real("temperature");
    const Tensor target = (similarities(batch, zero_shot_) / temperature).softmax(-1);
    return -(target * (learned / temperature).log_softmax(-1)).sum(-1).mean() * temperature * temperature;
  }

  static Tensor gradient_of(const Tensor& value, const Tensor& leaf) {
    leaf.mutable_grad() = Tensor();
    value.backward({}, /*retain_graph=*/true);
    return leaf.grad();
  }

  Tensor aligned(const Tensor& own, const Tensor& general) const {
    const double product = (own * general).sum().item<double>();
    if (!(product < 0)) return own;
    return own - general * (options().real("weight") * product / general.square().sum().item<double>());
  }

  Tensor zero_shot_;  // [K, D], of the classes trained on
};

constexpr OptionSpec kOptions[] = {
    kContextTokens,
    kContextWords,
    {"weight", OptionType::real, "1",
     "share of the conflicting part that is taken away (the paper's lambda)"},
    {"temperature", OptionType::real, "1", "of the zero-shot and the learned predictions in the divergence"}};

constexpr MethodSpec kMethods[] = {
    {"prograd", 1, "CoOp without gradients against the zero-shot predictions", Training::trainable, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new ProGrad(options); }},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
