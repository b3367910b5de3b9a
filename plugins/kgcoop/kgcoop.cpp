#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <string>

namespace promptbed {
namespace {

/// Knowledge-guided Context Optimization (arXiv 2303.13283): CoOp whose class features w_i are held near the
/// features c_i of the hand-written prompts,
///
///     L = L_ce + weight L_kg,   L_kg = 1/K sum_i (1 - cos(w_i, c_i))
///
/// as the authors' code has it (htyao89/KgCoOp), which made the published figures. The paper writes
/// 1/K sum_i |w_i - c_i|^2, which is twice that. Recipe and words are that code's: the context starts from "a
/// photo of a" on every dataset, and c_i are of the dataset's own template.
class KgCoOp final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Offers offers() const override { return {.text_features = true, .repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    if (const double weight = options().real("weight"); !(weight >= 0 && weight <= kMostWeight))
      throw Error(fmt::format("weight {}: give 0 to {}", weight, kMostWeight));
    if (const std::string& distance = options().text("distance");
        distance != "cosine" && distance != "squared")
      throw Error(fmt::format("no distance \"{}\"; known: cosine, squared", distance));
    check_template(setting, setting.prompt_template);
    if (options().integer("n_ctx") == 0 && options().text("ctx_init").empty())
      options().set("ctx_init", OptionValue(std::string(kWords)));
    return ContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 100;
    recipe.batch_size = 128;
    return recipe;
  }

  void bind(const Task& task) override {
    ContextLearner::bind(task);
    hand_written_ = template_features(task, task.prompt_template, task.class_names);
  }

 protected:
  Tensor loss_of(const Batch& batch, const Tensor& text_features) const override {
    const Tensor cosine_distance = 1 - (text_features * hand_written_).sum(-1).mean();
    const double factor = options().text("distance") == "squared" ? 2 : 1;  // |w - c|^2 = 2 (1 - cos)
    return ContextLearner::loss_of(batch, text_features) +
           options().real("weight") * factor * cosine_distance;
  }

 private:
  static constexpr double kMostWeight = 1e6;
  static constexpr const char* kWords = "a photo of a";

  Tensor hand_written_;  // [K, D], of the classes trained on
};

constexpr OptionSpec kOptions[] = {
    kContextTokens,
    {"ctx_init", OptionType::text, "", "words to start from; default: a photo of a, unless n_ctx is given"},
    {"weight", OptionType::real, "8", "of the distance to the hand-written prompts (the paper's lambda)"},
    {"distance", OptionType::text, "cosine",
     "cosine: 1 - cos, the authors' code; squared: the paper's, twice that"}};

constexpr MethodSpec kMethods[] = {
    {"kgcoop", 2, "KgCoOp: CoOp held near the hand-written prompts", Training::trainable, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new KgCoOp(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
