#include <ATen/ATen.h>
#include <promptbed/promptbed.h>

#include "cache_learner.h"

namespace promptbed {
namespace {

/// What the authors' configurations (gaopengcuhk/Tip-Adapter, configs/) choose for a dataset.
struct Choice {
  const char* dataset;
  double alpha;        ///< before the search, and while the keys are trained
  double beta_scale;   ///< end of the range searched for beta
  double alpha_scale;  ///< and for alpha
};

constexpr Choice kChoices[] = {
    {"caltech101", 3, 12, 5},       {"dtd", 2, 13, 13},          {"eurosat", 2, 12, 10},
    {"fgvc_aircraft", 5, 30, 30},   {"food101", 1.17, 10, 10},   {"imagenet", 1.17, 7, 3},
    {"oxford_flowers", 10, 50, 50}, {"oxford_pets", 1.17, 7, 3}, {"stanford_cars", 3, 20, 10},
    {"sun397", 1.17, 12, 10},       {"ucf101", 3, 7, 3}};

/// Tip-Adapter (arXiv 2111.03930): with images f, keys F and class features W of unit length, and one-hot
/// labels L,
///
///     logits = scale f W^T + alpha exp(-beta (1 - f F^T)) L
class TipAdapter : public CacheLearner {
 public:
  using CacheLearner::CacheLearner;

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    const Choice& choice = choice_for(kChoices, setting.dataset);
    settle_mixture(choice.alpha, choice.alpha_scale, choice.beta_scale);
    return options_;
  }

  bool fit(const FeatureSet&, const FeatureSet&) override {
    search_mixture();
    return true;
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return zero_shot(images) + alpha_ * votes(at::matmul(images, keys_.t()), beta_);
  }

  NamedTensors state() override {
    return {{"keys", keys_}, {"labels", labels_}, {"alpha", alpha_}, {"beta", beta_}};
  }

 protected:
  /// Leaves alpha and beta as they are where there are no validation images.
  void search_mixture() {
    const at::NoGradGuard no_grad;
    const FeatureSet& validation = task_.validation;
    if (!searches(validation)) return;
    const Tensor images = normalised(validation.features.select(1, 0));
    const Tensor affinities = at::matmul(images, keys_.t());
    const auto best = best_mixture(images, validation.labels, [&](double beta) {
      return votes(affinities, at::full_like(beta_, beta)).unsqueeze(0);
    });
    if (best) set_mixture(best->alpha, best->beta);
  }

 private:
  /// Votes [B, K] of the cache, given the images' affinities [B, N] to its keys.
  Tensor votes(const Tensor& affinities, const Tensor& beta) const {
    return votes_of((beta * (affinities - 1)).exp());
  }
};

/// Tip-Adapter-F: the keys are trained before the search, with alpha and beta as they start.
class TipAdapterF final : public TipAdapter {
 public:
  using TipAdapter::TipAdapter;

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = setting.dataset == "eurosat" ? 100 : 20;
    recipe.batch_size = 256;
    recipe.keeps_last_batch = true;
    recipe.optimiser = OptimiserKind::adamw;
    recipe.epsilon = 1e-4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.001, .momentum = 0, .weight_decay = 0.01}};
    recipe.pace = RatePace::step;
    recipe.warmup_epochs = 0;
    return recipe;
  }

  void bind(const Task& task) override {
    TipAdapter::bind(task);
    keys_.requires_grad_();
  }

  bool fit(const FeatureSet&, const FeatureSet&) override { return false; }

  void epoch_end(int64_t epoch, int64_t epochs) override {
    if (epoch + 1 == epochs) search_mixture();
  }

  NamedTensors trainable() override { return {{"keys", keys_}}; }
};

constexpr OptionSpec kOptions[] = {
    {"alpha", OptionType::real, "0",
     "weight of the cache before the search; 0: the authors' for the dataset"},
    {"beta", OptionType::real, "0", "sharpness of the cache before the search; 0: the authors', 1"},
    {"search", OptionType::boolean, "true", "look for alpha and beta on the validation images"},
    {"alpha_scale", OptionType::real, "0", "end of the range of alpha; 0: the authors' for the dataset"},
    {"beta_scale", OptionType::real, "0", "end of the range of beta; 0: the authors' for the dataset"}};

template <class Learner>
PromptLearner* create(const Options& options) {
  return new Learner(options);
}

constexpr MethodSpec kMethods[] = {
    {"tip_adapter", 1, "Tip-Adapter: a cache of training features; serves no new classes",
     Training::own_solver, kOptions, std::size(kOptions), create<TipAdapter>, /*probabilities=*/false,
     /*wrapper=*/nullptr, Selection::few_shot_validation},
    {"tip_adapter_f", 1, "Tip-Adapter-F: the cache's keys trained; serves no new classes",
     Training::trainable, kOptions, std::size(kOptions), create<TipAdapterF>, /*probabilities=*/false,
     /*wrapper=*/nullptr, Selection::few_shot_validation},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
