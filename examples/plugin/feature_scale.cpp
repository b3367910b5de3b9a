#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

#include <iterator>
#include <string>

using namespace promptbed;

namespace {

/// Learns which dimensions of the image feature matter: each is scaled and shifted before it is compared with
/// the classes' hand-written prompts:
///
///     x  = f / |f|
///     x' = (1 + scale) x + shift          scale, shift in R^D, initially zero
///     logits_k = tau cos(x', t_k)
///
/// This is the operation of "Scaling & Shifting Your Features" (arXiv 2210.08823, equation 2), applied once,
/// after the frozen image tower. Untrained it is zero-shot CLIP, and since nothing learned belongs to a
/// class, it can serve classes it has never seen.
class FeatureScale final : public PromptLearner {
 public:
  explicit FeatureScale(const Options& options) : options_(options) {}

  /// Before anything is loaded: are the options valid, and does every class's prompt fit the model?
  Options resolve(const Setting& setting) override {
    if (const double pull = options_.real("pull"); pull < 0)
      throw Error("pull " + std::to_string(pull) + ": give 0 or more");
    check_template(setting, setting.prompt_template);
    return options_;
  }

  /// How the host's loop trains. Weight decay pulls towards zero, which is zero-shot CLIP.
  Recipe recipe(const Setting&) const override {
    ParameterGroup all;
    all.weight_decay = options_.real("pull");
    Recipe recipe;
    recipe.epochs = 50;
    recipe.groups = {all};
    return recipe;
  }

  /// The run begins: initialise what is learned, and serve the training classes.
  void bind(const Task& task) override {
    task_ = task;
    const auto zeros = [&] {
      return at::zeros({task.feature_width}, at::device(task.device)).requires_grad_();
    };
    scale_ = zeros();
    shift_ = zeros();
    retarget(task.class_names);
  }

  /// [B, D] image features -> [B, K] scaled similarities. The loss is their cross-entropy unless loss() is
  /// overridden.
  Tensor logits(const Batch& batch) override {
    Tensor images = normalised(batch.features) * (1 + scale_);
    if (options_.boolean("shift")) images = images + shift_;
    return task_.logit_scale * at::matmul(normalised(images), classes_.t());
  }

  /// What the optimiser updates, and what a trained prompt saves.
  NamedTensors trainable() override {
    NamedTensors tensors = {{"scale", scale_}};
    if (options_.boolean("shift")) tensors.emplace_back("shift", shift_);
    return tensors;
  }

  /// Serves other classes with what was learned.
  void retarget(const ClassNames& class_names) override {
    classes_ = template_features(task_, task_.prompt_template, class_names);
  }

 private:
  Options options_;
  Task task_;
  Tensor scale_, shift_;  // [D]
  Tensor classes_;        // [K, D]
};

constexpr OptionSpec kOptions[] = {
    {"pull", OptionType::real, "1", "towards zero-shot CLIP: the weight decay"},
    {"shift", OptionType::boolean, "true", "learn a shift beside the scale"},
};

constexpr MethodSpec kMethods[] = {
    {"feature_scale", 1, "scale and shift of each dimension of the image feature", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new FeatureScale(options); },
     /*probabilities=*/true},
};

}  // namespace

PROMPTBED_PLUGIN(kMethods);
