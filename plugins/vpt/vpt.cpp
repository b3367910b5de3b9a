#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

#include <string>

namespace promptbed {
namespace {

/// Visual Prompt Tuning of CLIP's image tower (arXiv 2203.12119), as the authors of MaPLe have it
/// (muzairkhattak/multimodal-prompt-learning): learned tokens, compared with hand-written prompts that stay
/// as they are, and no classification head.
class VisualPromptTuning final : public PromptLearner {
 public:
  explicit VisualPromptTuning(const Options& options) : options_(options) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Needs needs() const override { return {.pixels = true}; }

  Options resolve(const Setting& setting) override {
    resolve_image_tokens(options_, setting);
    check_template(setting, options_.text("template"));
    return options_;
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0025}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    tokens_ = ImageTokens(task, options_.integer("n_ctx_vision"), options_.integer("depth_vision"));
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor features = task_.image_encoder->encode(batch.pixels, tokens_.prompts());
    return task_.logit_scale * at::matmul(normalised(features), text_features_.t());
  }

  NamedTensors trainable() override { return tokens_.named(); }

  void retarget(const ClassNames& class_names) override {
    text_features_ = template_features(task_, options_.text("template"), class_names);
  }

 private:
  Options options_;
  Task task_;
  ImageTokens tokens_;
  Tensor text_features_;  // [K, D], normalised
};

constexpr OptionSpec kTemplate = {"template", OptionType::text, "a photo of a {}.",
                                  "the hand-written prompt, the same on every dataset"};
constexpr OptionSpec kDeep[] = {image_token_option("8"), image_depth_option("12"), kTemplate};
constexpr OptionSpec kShallow[] = {image_token_option("8"), image_depth_option("1"), kTemplate};

PromptLearner* create(const Options& options) {
  return new VisualPromptTuning(options);
}

constexpr MethodSpec kMethods[] = {
    {"vpt", 1, "VPT-deep: learned tokens in every block of the image tower", Training::trainable, kDeep,
     std::size(kDeep), create, /*probabilities=*/true},
    {"vpt_shallow", 1, "VPT-shallow: learned tokens at the input of the image tower", Training::trainable,
     kShallow, std::size(kShallow), create, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
