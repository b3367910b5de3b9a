#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// Task Residual (arXiv 2211.10277): a learned vector x_k is added to the text feature t_k of each class,
/// which is not normalised before:
///
///     class feature = normalised(t_k + alpha x_k)
///
/// Recipe and alpha are those of the authors' scripts (geekyutao/TaskRes, train_regular.sh).
class TaskRes final : public PromptLearner {
 public:
  explicit TaskRes(const Options& options) : options_(options) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    if (options_.real("alpha") == 0)
      options_.set("alpha", OptionValue(setting.dataset == "oxford_flowers" ? 1.0 : 0.5));
    if (const double alpha = options_.real("alpha"); !(alpha > 0 && alpha <= kMostAlpha)) {
      throw Error(fmt::format("alpha {}: give a number above 0 and up to {}, or 0 for the authors' choice",
                              alpha, kMostAlpha));
    }
    return options_;
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = setting.shots < 8 ? 100 : 200;
    recipe.batch_size = 256;
    recipe.optimiser = OptimiserKind::adam;
    recipe.groups = {{.prefix = "", .learning_rate = setting.dataset == "imagenet" ? 2e-4 : 2e-3}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    base_ = raw_template_features(task, task.prompt_template, task.class_names);
    residuals_ = at::zeros_like(base_).requires_grad_();
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor classes = normalised(base_ + options_.real("alpha") * residuals_).index_select(0, served_);
    return task_.logit_scale * at::matmul(normalised(batch.features), classes.t());
  }

  NamedTensors trainable() override { return {{"residuals", residuals_}}; }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "residuals");
  }

 private:
  static constexpr double kMostAlpha = 1e6;

  Options options_;
  Task task_;
  Tensor base_, residuals_;  // [K, D], of the classes trained on
  Tensor served_;            // [K], labels of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"alpha", OptionType::real, "0", "of the residual; 0: the authors', 0.5, on oxford_flowers 1"}};

constexpr MethodSpec kMethods[] = {
    {"taskres", 1, "TaskRes: learned residuals on the text features; serves no new classes",
     Training::trainable, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new TaskRes(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
