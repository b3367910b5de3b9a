#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Knowledge-guided Context Optimization (arXiv 2303.13283): CoOp whose class features w_i are held near the
/// features c_i of the hand-written prompts,
///
///     L = L_ce + weight L_kg,   L_kg = 1/K sum_i |w_i - c_i|^2
///
/// as the paper writes it, all features of unit length. The authors' code (htyao89/KgCoOp) has 1 - cos
/// instead, which is half of that: a weight of 8 there is one of 4 here. The recipe is that code's.
class KgCoOp final : public ContextLearner {
 public:
  using ContextLearner::ContextLearner;

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
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

  Tensor loss(const Batch& batch) override {
    const Tensor learned = text_features();
    const Tensor distance = (learned - hand_written_).square().sum(-1).mean();
    return at::cross_entropy_loss(similarities(batch, learned), batch.labels) +
           options().real("weight") * distance;
  }

 private:
  Tensor hand_written_;  // [K, D], of the classes trained on
};

constexpr OptionSpec kOptions[] = {
    kContextTokens,
    kContextWords,
    {"weight", OptionType::real, "8", "of the distance to the hand-written prompts (the paper's lambda)"}};

constexpr MethodSpec kMethods[] = {
    {"kgcoop", 1, "CoOp held near the hand-written prompts", Training::trainable, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new KgCoOp(options); }},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
