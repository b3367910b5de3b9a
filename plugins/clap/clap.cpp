#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// The zero-shot-initialised linear probe of arXiv 2312.12730: a prototype w_k for each class, which starts
/// as its text feature t_k, not normalised,
///
///     logits = scale normalised(f) normalised(w_k)
///
/// Recipe and initial values are those of the authors' code (jusiro/CLAP).
class ZeroShotProbe : public PromptLearner {
 public:
  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    return {};
  }

  Recipe recipe(const Setting&) const override {
    Recipe recipe;
    recipe.epochs = 300;
    recipe.batch_size = 256;
    recipe.groups = {{.prefix = "", .learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    texts_ = raw_template_features(task, task.prompt_template, task.class_names);
    prototypes_ = texts_.clone().requires_grad_();
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    return logits_of(batch.features, prototypes_.index_select(0, served_));
  }

  NamedTensors trainable() override { return {{"prototypes", prototypes_}}; }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "prototypes");
  }

 protected:
  /// Of features [..., D] and prototypes [K, D]: [..., K].
  Tensor logits_of(const Tensor& features, const Tensor& prototypes) const {
    return task_.logit_scale * at::matmul(normalised(features), normalised(prototypes).t());
  }

  const Tensor& texts() const { return texts_; }
  const Tensor& prototypes() const { return prototypes_; }

 private:
  Task task_;
  Tensor texts_;       // [K, D], not normalised
  Tensor prototypes_;  // [K, D], of the classes trained on
  Tensor served_;      // [K], labels of the classes served
};

/// CLAP, the same with the prototypes held near the text features:
///
///     L = L_ce + 1/K sum_k lambda_k |w_k - t_k|^2
///
/// lambda_k is the mean probability that zero-shot CLIP gives class k on that class's own training images:
/// what it knows well is held fast. Nothing is tuned on validation images.
class Clap final : public ZeroShotProbe {
 public:
  void bind(const Task& task) override {
    ZeroShotProbe::bind(task);
    const Tensor predictions = logits_of(task.train.features, texts()).softmax(-1).mean(1);  // [N, K]
    const Tensor own = at::one_hot(task.train.labels, texts().size(0)).to(predictions.dtype());
    multipliers_ = (own * predictions).sum(0) / own.sum(0).clamp_min(1);
  }

  Tensor loss(const Batch& batch) override {
    const Tensor distances = (prototypes() - texts()).square().sum(-1);
    return ZeroShotProbe::loss(batch) + (multipliers_ * distances).mean();
  }

 private:
  Tensor multipliers_;  // [K]
};

template <class Learner>
PromptLearner* create(const Options&) {
  return new Learner;
}

constexpr MethodSpec kMethods[] = {
    {"zs_lp", 1, "Linear probe that starts from zero-shot; serves no new classes", Training::trainable,
     nullptr, 0, create<ZeroShotProbe>, /*probabilities=*/true},
    {"clap", 1, "CLAP: a linear probe held near zero-shot, class by class; serves no new classes",
     Training::trainable, nullptr, 0, create<Clap>, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
