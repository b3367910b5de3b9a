#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>
#include <torch/optim/adamw.h>

#include <optional>
#include <string>
#include <vector>

namespace promptbed {
namespace {

constexpr int64_t kMostViews = 1000, kMostSteps = 100;

/// Test-time Prompt Tuning (arXiv 2209.07511): nothing is trained; each test image moves the context for
/// itself. Of V random crops and the centre, those that the prompt is surest of are chosen, and a step of
/// AdamW makes the mean of their predictions surer: it lowers the entropy of that mean. The centre is
/// classified with the context that comes out, and the next image starts from the words again. As in the
/// authors' code (azshue/TPT), but in f32, and with the host's crops.
class TestTimePromptTuning final : public PromptLearner {
 public:
  explicit TestTimePromptTuning(const Options& options) : options_(options) {}

  Needs needs() const override {
    return {.gradients_at_evaluation = true, .views_at_test = options_.integer("views")};
  }

  Options resolve(const Setting& setting) override {
    if (const int64_t views = options_.integer("views"); views < 1 || views > kMostViews)
      throw Error(fmt::format("views {}: give 1 to {}", views, kMostViews));
    if (const double share = options_.real("selected"); !(share > 0 && share <= 1))
      throw Error(fmt::format("selected {}: give a share above 0, up to 1", share));
    if (const int64_t steps = options_.integer("steps"); steps < 1 || steps > kMostSteps)
      throw Error(fmt::format("steps {}: give 1 to {}", steps, kMostSteps));
    if (const double rate = options_.real("lr"); !(rate > 0 && rate <= 1))
      throw Error(fmt::format("lr {}: give a number above 0, up to 1", rate));
    options_ = resolve_context(options_, setting);
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    start_ = initial_context(options_, task).detach();
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < batch.features.size(0); ++i) {
      const Tensor context = tuned_on(batch.views_at_test[i]);
      const at::NoGradGuard tested;
      rows.push_back(similarities(batch.features.narrow(0, i, 1), context));
    }
    return at::cat(rows);
  }

  void retarget(const ClassNames& class_names) override {
    prompts_.emplace(task_, class_names, start_.size(0));
  }

 private:
  /// Decay of AdamW: PyTorch's default, which the authors leave.
  static constexpr double kDecay = 0.01;

  /// The context [M, W] after the steps on an image's views [1 + V, D].
  Tensor tuned_on(const Tensor& views) const {
    const Tensor context = start_.clone().requires_grad_();
    torch::optim::AdamW optimiser({context},
                                  torch::optim::AdamWOptions(options_.real("lr")).weight_decay(kDecay));
    Tensor chosen;  // by the first step, for all
    for (int64_t step = 0; step < options_.integer("steps"); ++step) {
      const Tensor scores = similarities(views, context);
      if (!chosen.defined()) {
        const int64_t count = count_of_share(views.size(0), options_.real("selected"));
        chosen = by_certainty(scores).narrow(0, 0, count);
      }
      optimiser.zero_grad();
      entropy_of_mean(scores.index_select(0, chosen)).backward();
      optimiser.step();
    }
    return context.detach();
  }

  /// Of rows [n, D]: [n, K].
  Tensor similarities(const Tensor& rows, const Tensor& context) const {
    const Tensor text = task_.text_encoder->encode(prompts_->with_shared(context)).squeeze(0);
    return task_.logit_scale * at::matmul(normalised(rows), normalised(text).t());
  }

  Options options_;
  Task task_;
  Tensor start_;                           // [M, W]
  std::optional<ContextPrompts> prompts_;  // of the classes served
};

constexpr OptionSpec kOptions[] = {
    kContextTokens,
    {"ctx_init", OptionType::text, "a photo of a", "words that the context starts from, on every dataset"},
    {"views", OptionType::integer, "63", "random crops of each test image, beside its centre"},
    {"selected", OptionType::real, "0.1", "share of the views that the step is made on, the surest"},
    {"steps", OptionType::integer, "1", "of AdamW, for each test image"},
    {"lr", OptionType::real, "0.005", "learning rate of those"}};

constexpr MethodSpec kMethods[] = {
    {"tpt", 1, "TPT: a context tuned on crops of each test image, by its own certainty", Training::none,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new TestTimePromptTuning(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
