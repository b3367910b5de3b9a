#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

namespace promptbed {
namespace {

/// What is learned, for K classes.
struct Probe {
  Tensor weight;  ///< [K, D]
  Tensor bias;    ///< [K]
  Tensor alpha;   ///< [K]

  /// Logits [B, K] of images [B, D] and their similarities [B, K] to the classes' texts.
  Tensor operator()(const Tensor& images, const Tensor& similarities) const {
    return at::linear(images, weight, bias) + alpha * similarities;
  }

  Probe clone() const { return {weight.clone(), bias.clone(), alpha.clone()}; }
};

/// The training set as LP++ sees it, and the learning rates that follow from it.
struct Problem {
  Tensor images;        ///< [N, D], of unit length
  Tensor similarities;  ///< [N, K], to the classes' texts
  Tensor targets;       ///< [N, K], one-hot

  double count() const { return static_cast<double>(images.size(0)); }

  /// 4 N / the largest eigenvalue of F^T F.
  double weight_rate() const {
    const Tensor gram = images.t().matmul(images).to(torch::kDouble);
    return 4 * count() / at::linalg_eigvalsh(gram).max().item<double>();
  }

  /// N / (4 max_k sum_n (f_n t_k)^2)
  double alpha_rate() const { return count() / (4 * similarities.square().sum(0).max().item<double>()); }
};

/// LP++ (arXiv 2404.02285): a linear probe on the image features f of unit length, beside zero-shot logits
/// that are weighted class by class. With class features t_k,
///
///     logit_k = w_k f + b_k + alpha_k (f t_k)
///
/// Every step is on the whole training set, and both learning rates come from its features. As in the
/// authors' code (FereshteShakeri/FewShot-CLIP-Strong-Baseline), w and b move by SGD with momentum, and alpha
/// moves every few epochs, against the sum of its gradients in all epochs so far.
class LpPlusPlus final : public PromptLearner {
 public:
  explicit LpPlusPlus(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = true}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    for (const char* name : {"epochs", "alpha_every"}) {
      if (options_.integer(name) < 1)
        throw Error(fmt::format("{} {}: give 1 or more", name, options_.integer(name)));
    }
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    texts_ = template_features(task, task.prompt_template, task.class_names);
    probe_ = initial_probe(problem_of(task.train));
    retarget(task.class_names);
  }

  bool fit(const FeatureSet& train, const FeatureSet& validation) override {
    const Problem problem = problem_of(train);
    const double weight_rate = problem.weight_rate(), alpha_rate = problem.alpha_rate();
    Probe best, momentum{at::zeros_like(probe_.weight), at::zeros_like(probe_.bias), {}};
    Tensor alpha_gradient = at::zeros_like(probe_.alpha);
    int64_t most = 0;
    for (int64_t epoch = 1; epoch <= options_.integer("epochs"); ++epoch) {
      const Tensor predictions = probe_(problem.images, problem.similarities).softmax(-1);
      const Tensor surplus = (predictions - problem.targets) / problem.count();
      momentum.weight.mul_(kMomentum).add_(surplus.t().matmul(problem.images));
      momentum.bias.mul_(kMomentum).add_(surplus.sum(0));
      alpha_gradient.add_((surplus * problem.similarities).sum(0));
      probe_.weight.sub_(momentum.weight, weight_rate);
      probe_.bias.sub_(momentum.bias, weight_rate);
      if (epoch % options_.integer("alpha_every") == 0) probe_.alpha.sub_(alpha_gradient, alpha_rate);

      const int64_t correct = count_correct(validation);
      if (correct < most) continue;
      most = correct;
      best = probe_.clone();
    }
    probe_ = best;
    return true;
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return probe_(images, similarities(images)).index_select(-1, served_);
  }

  NamedTensors state() override {
    return {{"weight", probe_.weight}, {"bias", probe_.bias}, {"alpha", probe_.alpha}};
  }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "weights");
  }

 private:
  static constexpr double kMomentum = 0.9;
  static constexpr double kAlphaScale = 250;

  Tensor similarities(const Tensor& images) const { return at::matmul(images, texts_.t()); }

  /// On the first view of each image, as the authors have one.
  Problem problem_of(const FeatureSet& train) const {
    const Tensor images = normalised(train.features.select(1, 0));
    return {images, similarities(images), at::one_hot(train.labels, texts_.size(0)).to(images.dtype())};
  }

  /// The weights are the sums of the classes' features; each alpha is the same, by the classes' mean
  /// similarity to their texts.
  Probe initial_probe(const Problem& problem) const {
    const Tensor own = (problem.similarities * problem.targets).sum(0);
    const Tensor mean = (own / problem.targets.sum(0).clamp_min(1)).mean();
    return {problem.targets.t().matmul(problem.images),
            initial_linear(task_, {texts_.size(0)}, task_.feature_width).detach(),
            (kAlphaScale * mean).repeat(texts_.size(0))};
  }

  /// Validation images right; 0 if there are none, so that the last epoch counts.
  int64_t count_correct(const FeatureSet& validation) const {
    const Tensor images = normalised(validation.features.select(1, 0));
    return probe_(images, similarities(images)).argmax(-1).eq(validation.labels).sum().item<int64_t>();
  }

  Options options_;
  Task task_;
  Tensor texts_;   // [K, D], of the classes trained on
  Probe probe_;    // of them, too
  Tensor served_;  // labels of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"epochs", OptionType::integer, "300", "steps, each on all training images"},
    {"alpha_every", OptionType::integer, "10", "epochs from one step of alpha to the next"}};

constexpr MethodSpec kMethods[] = {
    {"lp_plus_plus", 1, "LP++: a linear probe blended with zero-shot; serves no new classes",
     Training::own_solver, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new LpPlusPlus(options); },
     /*probabilities=*/true, /*wrapper=*/nullptr, Selection::few_shot_validation},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
