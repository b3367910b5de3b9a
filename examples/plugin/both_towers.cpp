#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Learned tokens in both towers: the image tower's at its input, the text tower's behind the start of every
/// hand-written prompt, from the second block on.
class BothTowers final : public PromptLearner {
 public:
  explicit BothTowers(const Options& options) : options_(options) {}

  Needs needs() const override { return {.pixels = true}; }  // image features are no longer constants

  Options resolve(const Setting& setting) override {
    check_image_tower(setting);
    check_template(setting, setting.prompt_template);
    if (options_.integer("tokens") < 1) throw Error("tokens: give 1 or more");
    return options_;
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0035}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    const int64_t count = options_.integer("tokens");
    text_tokens_ = initial_tokens(task, count, task.text_encoder->width());
    image_tokens_ = initial_tokens(task, count, task.image_encoder->width());
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {                                                   // [B, K]
    const Tensor images = task_.image_encoder->encode(batch.pixels, {.tokens = image_tokens_});  // [B, D]
    return task_.logit_scale * at::matmul(normalised(images), class_features().t());
  }

  NamedTensors trainable() override { return {{"text", text_tokens_}, {"image", image_tokens_}}; }

  void load_state(const NamedTensors& state) override {
    PromptLearner::load_state(state);
    texts_.forget();
  }

  void retarget(const ClassNames& names) override { texts_.serve(task_, task_.prompt_template, names); }

 private:
  Tensor class_features() {  // [K, D]
    return texts_.features({{.block = 1, .tokens = text_tokens_, .inserted = true}});
  }

  Options options_;
  Task task_;
  Tensor text_tokens_, image_tokens_;  // [n, W], each of its tower's width
  TemplateTexts texts_;                // of the classes served
};

constexpr OptionSpec kOptions[] = {{"tokens", OptionType::integer, "4", "learned tokens of each tower"}};

constexpr MethodSpec kMethods[] = {
    {"both_towers", 1, "Learned tokens in both towers", Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new BothTowers(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
