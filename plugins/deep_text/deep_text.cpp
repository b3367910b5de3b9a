#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Deep language prompting, the text half of IVLP (arXiv 2210.03117, table 3). The recipe is that of the
/// authors' code (muzairkhattak/multimodal-prompt-learning).
class DeepText final : public DeepContextLearner {
 public:
  using DeepContextLearner::DeepContextLearner;

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 5;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0025}};
    return recipe;
  }

 protected:
  bool prompts_images() const override { return false; }
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "4", "learned tokens a block; 0: as many as ctx_init has"},
    {"ctx_init", OptionType::text, "a photo of a",
     "words that the first block's tokens start from; \"\": drawn at random, as the deeper ones are"},
    {"rest", OptionType::text, "{}.", "what follows the learned tokens, {} being the class name"},
    {"depth", OptionType::integer, "12",
     "blocks with learned tokens of their own, at most those of the model"}};

constexpr MethodSpec kMethods[] = {
    {"deep_text", 1, "Learned tokens in every block of the text tower (IVLP's text half)",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new DeepText(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
