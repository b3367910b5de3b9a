#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <string>
#include <vector>

namespace promptbed {
namespace {

constexpr double kRangeStart = 0.1;  // of what is searched

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

/// ImageNet's serves other datasets.
const Choice& choice_for(const std::string& dataset) {
  const auto of = [](const std::string& name) {
    return std::find_if(std::begin(kChoices), std::end(kChoices),
                        [&](const Choice& choice) { return choice.dataset == name; });
  };
  const auto found = of(dataset);
  return found == std::end(kChoices) ? *of("imagenet") : *found;
}

/// So many numbers from 0.1 to just below `scale`.
std::vector<double> search_range(double scale, int64_t count) {
  std::vector<double> range;
  for (int64_t i = 0; i < count; ++i)
    range.push_back(kRangeStart +
                    static_cast<double>(i) * (scale - kRangeStart) / static_cast<double>(count));
  return range;
}

/// Tip-Adapter (arXiv 2111.03930): a cache of the training images' features and labels beside CLIP's own
/// prediction. With images f, keys F and class features W of unit length, and one-hot labels L,
///
///     logits = scale f W^T + alpha exp(-beta (1 - f F^T)) L
///
/// A key is an image's feature averaged over its views, as the authors' code has it. Alpha and beta are
/// searched for on the validation images.
class TipAdapter : public PromptLearner {
 public:
  explicit TipAdapter(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = options_.boolean("search")}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    const Choice& choice = choice_for(setting.dataset);
    settle("alpha", choice.alpha, 0);
    settle("beta", kBeta, 0);
    settle("alpha_scale", choice.alpha_scale, kRangeStart);
    settle("beta_scale", choice.beta_scale, kRangeStart);
    for (const char* name : {"alpha_steps", "beta_steps"}) {
      if (options_.integer(name) < 1)
        throw Error(fmt::format("{} {}: give a number above 0", name, options_.integer(name)));
    }
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    keys_ = normalised(task.train.features.mean(1));
    labels_ = task.train.labels;
    set_mixture(options_.real("alpha"), options_.real("beta"));
    retarget(task.class_names);
  }

  bool fit(const FeatureSet&, const FeatureSet&) override {
    search_mixture();
    return true;
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return zero_shot(images) + alpha_ * cached(at::matmul(images, keys_.t()), beta_);
  }

  NamedTensors state() override {
    return {{"keys", keys_}, {"labels", labels_}, {"alpha", alpha_}, {"beta", beta_}};
  }

  void load_state(const NamedTensors& saved) override {
    // A cache is as large as the training set that it was made of.
    for (const auto& [name, tensor] : saved) {
      if (name != "labels") continue;
      const int64_t images = tensor.numel();
      keys_ = at::empty({images, task_.feature_width}, keys_.options()).requires_grad_(keys_.requires_grad());
      labels_ = at::empty({images}, labels_.options());
    }
    PromptLearner::load_state(saved);
    serve();
  }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "cached images");
    classes_ = template_features(task_, task_.prompt_template, class_names);
    serve();
  }

 protected:
  /// The alpha and beta of most validation images right; of equals the first, beta's range going by outside
  /// alpha's. Leaves them as they are where there are no such images.
  void search_mixture() {
    const at::NoGradGuard no_grad;
    const FeatureSet& validation = task_.validation;
    if (!options_.boolean("search") || validation.labels.size(0) == 0) return;
    const Tensor images = normalised(validation.features.select(1, 0));
    const Tensor own = zero_shot(images), affinities = at::matmul(images, keys_.t());
    int64_t most = 0;
    for (const double beta : search_range(options_.real("beta_scale"), options_.integer("beta_steps"))) {
      const Tensor votes = cached(affinities, at::full_like(beta_, beta));
      for (const double alpha : search_range(options_.real("alpha_scale"), options_.integer("alpha_steps"))) {
        const int64_t correct = (own + alpha * votes).argmax(-1).eq(validation.labels).sum().item<int64_t>();
        if (correct <= most) continue;
        most = correct;
        set_mixture(alpha, beta);
      }
    }
  }

  Tensor keys_;  // [N, D]

 private:
  static constexpr double kBeta = 1;  // the authors', for all datasets

  /// Gives an option its default where it is 0. Throws Error if it is not above `least`.
  void settle(const char* name, double otherwise, double least) {
    if (options_.real(name) == 0) options_.set(name, OptionValue(otherwise));
    if (!(options_.real(name) > least)) {
      throw Error(fmt::format("{} {}: give a number above {}, or 0 for the authors' choice", name,
                              options_.real(name), least));
    }
  }

  void set_mixture(double alpha, double beta) {
    alpha_ = at::full({1}, alpha, keys_.options().requires_grad(false));
    beta_ = at::full({1}, beta, keys_.options().requires_grad(false));
  }

  void serve() {
    values_ = at::one_hot(labels_, static_cast<int64_t>(task_.class_names.size()))
                  .index_select(1, served_)
                  .to(keys_.dtype());
  }

  /// [B, D] -> [B, K]
  Tensor zero_shot(const Tensor& images) const {
    return task_.logit_scale * at::matmul(images, classes_.t());
  }

  /// Votes [B, K] of the cache, given the images' affinities [B, N] to its keys.
  Tensor cached(const Tensor& affinities, const Tensor& beta) const {
    return at::matmul((beta * (affinities - 1)).exp(), values_);
  }

  Options options_;
  Task task_;
  Tensor labels_;        // [N]
  Tensor alpha_, beta_;  // [1]
  Tensor served_;        // [K], labels of the classes served
  Tensor values_;        // [N, K]: the labels one-hot, of the classes served
  Tensor classes_;       // [K, D]
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
    {"beta_scale", OptionType::real, "0", "end of the range of beta; 0: the authors' for the dataset"},
    {"alpha_steps", OptionType::integer, "20", "values of alpha that are tried"},
    {"beta_steps", OptionType::integer, "200", "values of beta that are tried"}};

template <class Learner>
PromptLearner* create(const Options& options) {
  return new Learner(options);
}

constexpr MethodSpec kMethods[] = {
    {"tip_adapter", 1, "Tip-Adapter: a cache of training features; serves no new classes",
     Training::own_solver, kOptions, std::size(kOptions), create<TipAdapter>},
    {"tip_adapter_f", 1, "Tip-Adapter-F: the cache's keys trained; serves no new classes",
     Training::trainable, kOptions, std::size(kOptions), create<TipAdapterF>},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
