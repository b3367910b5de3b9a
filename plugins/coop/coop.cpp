#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Context Optimization (arXiv 2109.01134): the words around the class name are vectors, learned with CLIP
/// frozen.
class CoOp final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    parse_name_position(options().text("position"));
    if (setting.protocol == Protocol::few_shot) settle_few_shot_context();
    if (!class_specific()) return ContextLearner::resolve(setting);
    if (!options().text("ctx_init").empty())
      throw Error("csc learns random vectors for each class; leave out ctx_init");
    if (options().integer("n_ctx") <= 0) throw Error("csc needs the number of context tokens; give n_ctx");
    check_prompt_lengths(setting, options().integer("n_ctx"));
    return options();
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    if (setting.dataset == "imagenet") {
      recipe.epochs = 50;
    } else if (setting.protocol == Protocol::few_shot && setting.shots <= 4) {
      recipe.epochs = setting.shots == 1 ? 50 : 100;
    }
    return recipe;
  }

 protected:
  NamePosition position() const override { return parse_name_position(options().text("position")); }
  bool class_specific() const override { return options().boolean("csc"); }

 private:
  /// The paper's few-shot curves are of random vectors; its words come with the base-to-new experiments.
  void settle_few_shot_context() {
    if (options().integer("n_ctx") == 0 && options().text("ctx_init").empty())
      options().set("n_ctx", OptionValue(kFewShotTokens));
  }

  static constexpr int64_t kFewShotTokens = 16;
};

PromptLearner* create(const Options& options) {
  return new CoOp(options);
}

constexpr OptionSpec kPosition = {"position", OptionType::text, "end",
                                  "where the class name stands: end, middle, front"};
constexpr OptionSpec kClassSpecific = {"csc", OptionType::boolean, "false",
                                       "a context of its own for each class; serves no new classes"};
constexpr OptionSpec kManyTokens = {"n_ctx", OptionType::integer, "60", "context tokens, drawn at random"};

constexpr OptionSpec kOptions[] = {kContextTokens, kContextWords, kPosition, kClassSpecific};
constexpr OptionSpec kOptions60[] = {kManyTokens, kContextWords, kPosition, kClassSpecific};

constexpr MethodSpec kMethods[] = {
    {"coop", 1, "CoOp: one learned context for all images", Training::trainable, kOptions,
     std::size(kOptions), create, /*probabilities=*/true},
    {"coop_ctx60", 1, "CoOp with 60 context tokens: on ViT-B/16 nearly as many parameters as CoCoOp",
     Training::trainable, kOptions60, std::size(kOptions60), create, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
