#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Independent vision-language prompting (IVLP, arXiv 2210.03117, table 3): learned tokens in the first
/// blocks of both towers that know nothing of each other, with the recipe of the authors' code
/// (muzairkhattak/multimodal-prompt-learning).
class IndependentPrompting final : public DeepContextLearner {
 public:
  using DeepContextLearner::DeepContextLearner;

  Offers offers() const override { return {.repeatable_steps = true}; }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0035}};
    return recipe;
  }
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "2",
     "learned tokens a block of the text tower; 0: as many as ctx_init has"},
    {"ctx_init", OptionType::text, "a photo of a",
     "words that the first text tokens start from; \"\": drawn at random, as the deeper ones are"},
    {"rest", OptionType::text, "{}.", "what follows the learned tokens, {} being the class name"},
    {"depth", OptionType::integer, "12",
     "blocks of the text tower with learned tokens of their own, at most those of the model"},
    image_token_option("2"),
    image_depth_option("12")};

constexpr MethodSpec kMethods[] = {
    {"ivlp", 1, "IVLP: independent learned tokens in every block of both towers", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new IndependentPrompting(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
