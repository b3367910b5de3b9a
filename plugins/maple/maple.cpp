#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace promptbed {
namespace {

/// Multi-modal Prompt Learning (MaPLe, arXiv 2210.03117): learned tokens in the first blocks of the text
/// tower, and in the same blocks of the image tower what a linear layer for each block makes of them. Recipes
/// are those of the authors' code (muzairkhattak/multimodal-prompt-learning): tokens are fewer blocks deep
/// where a method is trained on one dataset and tested on others.
class MaPLe final : public DeepContextLearner {
 public:
  using DeepContextLearner::DeepContextLearner;

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    if (options().integer("depth") == 0)
      options().set("depth", OptionValue(int64_t{has_source(setting.protocol) ? 3 : 9}));
    return DeepContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting& setting) const override {
    const bool transfers = has_source(setting.protocol);
    Recipe recipe;
    recipe.epochs = transfers ? 2 : 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = transfers ? 0.0026 : 0.0035}};
    return recipe;
  }

 protected:
  /// The depth is that of both towers.
  void resolve_images(const Setting& setting) override {
    check_image_tower(setting);
    options().set("depth", OptionValue(std::min(options().integer("depth"), setting.image_blocks)));
  }

  /// As in the authors' code, the layers of all blocks but the first start equal.
  void bind_images(const Task& task) override {
    const int64_t from = task.text_encoder->width(), to = task.image_encoder->width();
    projections_ = {LinearLayer::drawn(task, from, to)};
    const LinearLayer deeper = LinearLayer::drawn(task, from, to);
    for (int64_t block = 1; block < options().integer("depth"); ++block)
      projections_.push_back(deeper.copy());
  }

  ImagePrompts image_prompts() const override {
    ImagePrompts prompts{.tokens = projections_[0](context())};
    for (const BlockTokens& text : deep())
      prompts.deep.push_back({text.block, projections_[text.block](text.tokens)});
    return prompts;
  }

  NamedTensors image_tensors() const override {
    NamedTensors tensors;
    for (size_t block = 0; block < projections_.size(); ++block) {
      for (auto& tensor : projections_[block].named(fmt::format("projection.{}", block)))
        tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

 private:
  std::vector<LinearLayer> projections_;  // by block, from the text tower's width to the image tower's
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "2", "learned tokens a block; 0: as many as ctx_init has"},
    {"ctx_init", OptionType::text, "a photo of a",
     "words that the first text tokens start from; \"\": drawn at random, as the deeper ones are"},
    {"rest", OptionType::text, "{}.", "what follows the learned tokens, {} being the class name"},
    {"depth", OptionType::integer, "0",
     "blocks of both towers with tokens of their own; 0: 9, or 3 where other datasets are tested"}};

constexpr MethodSpec kMethods[] = {
    {"maple", 1, "MaPLe: learned text tokens, and image tokens made of them, in the first blocks",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new MaPLe(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
