#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

namespace promptbed {
namespace {

constexpr double kRangeStart = 0.1;        // of alpha and beta
constexpr double kSmallest = 1e-6;         // keeps logarithms finite
constexpr double kAuthorsChannels = 1024;  // of the ResNet-50 that the authors' numbers of channels are for

/// What the authors' configurations (yangyangyang127/APE, configs/) choose for a dataset.
struct Choice {
  const char* dataset;
  double channels;    ///< kept, of the ResNet-50's 1024
  double similarity;  ///< weight of the classes' similarity in the choice of channels; the rest: variance
  double alpha;       ///< before the search
  double beta_scale;  ///< ends of the ranges that are searched
  double alpha_scale;
  double gamma_scale;
  int64_t gamma_steps;
};

constexpr Choice kChoices[] = {
    {"caltech101", 800, 0.5, 1, 7, 7, 1, 20},     {"dtd", 400, 0.5, 3, 7, 7, 1, 20},
    {"eurosat", 700, 0.9, 1, 30, 5, 1.5, 20},     {"fgvc_aircraft", 800, 0.1, 5, 20, 10, 1, 20},
    {"food101", 700, 0.3, 0.8, 7, 7, 1, 20},      {"imagenet", 500, 0.7, 2, 7, 7, 0.5, 5},
    {"oxford_flowers", 700, 0.4, 3, 7, 7, 1, 20}, {"oxford_pets", 800, 0.7, 2, 7, 7, 1, 20},
    {"stanford_cars", 500, 0.6, 1, 10, 7, 1, 20}, {"sun397", 800, 0.7, 1, 10, 7, 1, 20},
    {"ucf101", 700, 0.3, 2, 10, 7, 1.5, 20}};

/// ImageNet's serves other datasets.
const Choice& choice_for(const std::string& dataset) {
  const auto of = [](const std::string& name) {
    return std::find_if(std::begin(kChoices), std::end(kChoices),
                        [&](const Choice& choice) { return choice.dataset == name; });
  };
  const auto found = of(dataset);
  return found == std::end(kChoices) ? *of("imagenet") : *found;
}

/// So many numbers from `start` to just below `scale`.
std::vector<double> search_range(double start, double scale, int64_t count) {
  std::vector<double> range;
  for (int64_t i = 0; i < count; ++i)
    range.push_back(start + static_cast<double>(i) * (scale - start) / static_cast<double>(count));
  return range;
}

/// How well each of D channels tells classes apart, by their text features [K, D] and the keys [N, D] of
/// their images: minus the mean product of the channel over all pairs from two classes, and the variance of
/// the text features over the classes,
///
///     -similarity mean(x_id x_jd) + (1 - similarity) var_k(t_kd)
Tensor merit_of_channels(const Tensor& texts, const Tensor& keys, const Tensor& labels, double similarity) {
  const Tensor members = at::one_hot(labels, texts.size(0)).to(torch::kDouble);                // [N, K]
  const Tensor sums = texts.to(torch::kDouble) + members.t().matmul(keys.to(torch::kDouble));  // [K, D]
  const Tensor counts = 1 + members.sum(0);
  // Over pairs from two classes: all pairs less those within one.
  const Tensor products = sums.sum(0).square() - sums.square().sum(0);
  const Tensor pairs = counts.sum().square() - counts.square().sum();
  return -similarity * products / pairs +
         (1 - similarity) * texts.to(torch::kDouble).var(0, /*unbiased=*/true);
}

/// APE without training (arXiv 2304.01195): zero-shot logits plus alpha times the votes of a cache of the
/// training images. Images f', keys F' and class features W' are compared in the channels that tell classes
/// apart best, and a key votes more, the less its own label is what zero-shot CLIP sees in it. With one-hot
/// labels L,
///
///     logits = scale f W^T + alpha exp(-beta (1 - f' F'^T)) diag(exp(gamma KL(L | softmax(F' W'^T)))) L
///
/// with the divergence in bits. A key is an image's feature averaged over its views, as the authors' code has
/// it. Alpha, beta and gamma are searched for on the validation images.
class Ape final : public PromptLearner {
 public:
  explicit Ape(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = options_.boolean("search")}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    const Choice& choice = choice_for(setting.dataset);
    settle("channels", choice.channels / kAuthorsChannels, 0);
    if (const double share = options_.real("channels"); share > 1)
      throw Error(fmt::format("channels {}: give a share from 0 to 1", share));
    if (options_.real("similarity") == -1) options_.set("similarity", OptionValue(choice.similarity));
    if (const double weight = options_.real("similarity"); !(weight >= 0 && weight <= 1))
      throw Error(
          fmt::format("similarity {}: give a number from 0 to 1, or -1 for the authors' choice", weight));
    if (const double gamma = options_.real("gamma"); !(gamma >= 0))
      throw Error(fmt::format("gamma {}: give 0 or more", gamma));
    settle("alpha", choice.alpha, 0);
    settle("beta", kBeta, 0);
    settle("alpha_scale", choice.alpha_scale, kRangeStart);
    settle("beta_scale", choice.beta_scale, kRangeStart);
    settle("gamma_scale", choice.gamma_scale, 0);
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    labels_ = task.train.labels;
    const Tensor keys = normalised(task.train.features.mean(1));
    const Tensor texts = template_features(task, task.prompt_template, task.class_names);
    channels_ = best_channels(texts, keys);
    keys_ = chosen(keys);
    const Tensor believed = at::matmul(keys_, chosen(texts).t()).softmax(-1).gather(1, labels_.unsqueeze(1));
    // Of a one-hot label's divergence only its own class's term is not 0.
    divergences_ = std::log2(1 + kSmallest) - (believed.squeeze(1) + kSmallest).log2();
    set_mixture(options_.real("alpha"), options_.real("beta"), options_.real("gamma"));
    retarget(task.class_names);
  }

  bool fit(const FeatureSet&, const FeatureSet& validation) override {
    if (options_.boolean("search") && validation.labels.size(0) > 0) search_mixture(validation);
    return true;
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return zero_shot(images) + alpha_ * votes(affinities(images), beta_, gamma_);
  }

  NamedTensors state() override {
    return {{"keys", keys_},         {"labels", labels_}, {"divergences", divergences_},
            {"channels", channels_}, {"alpha", alpha_},   {"beta", beta_},
            {"gamma", gamma_}};
  }

  void load_state(const NamedTensors& saved) override {
    // A cache is as large as the training set that it was made of.
    for (const auto& [name, tensor] : saved) {
      if (name != "labels") continue;
      const int64_t images = tensor.numel();
      keys_ = at::empty({images, channels_.size(0)}, keys_.options());
      labels_ = at::empty({images}, labels_.options());
      divergences_ = at::empty({images}, divergences_.options());
    }
    PromptLearner::load_state(saved);
    serve();
  }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "cached images");
    texts_ = template_features(task_, task_.prompt_template, class_names);
    serve();
  }

 private:
  static constexpr double kBeta = 1;                    // the authors', for all datasets
  static constexpr int64_t kBetas = 200, kAlphas = 20;  // tried in the search

  /// Gives an option its default where it is 0. Throws Error if it is not above `least`.
  void settle(const char* name, double otherwise, double least) {
    if (options_.real(name) == 0) options_.set(name, OptionValue(otherwise));
    if (!(options_.real(name) > least)) {
      throw Error(fmt::format("{} {}: give a number above {}, or 0 for the authors' choice", name,
                              options_.real(name), least));
    }
  }

  void set_mixture(double alpha, double beta, double gamma) {
    alpha_ = at::full({1}, alpha, keys_.options());
    beta_ = at::full({1}, beta, keys_.options());
    gamma_ = at::full({1}, gamma, keys_.options());
  }

  /// The share of the channels that tells the classes apart best: int64.
  Tensor best_channels(const Tensor& texts, const Tensor& keys) const {
    const auto width = static_cast<double>(task_.feature_width);
    const auto count = std::max<int64_t>(1, std::llround(options_.real("channels") * width));
    return std::get<1>(at::topk(merit_of_channels(texts, keys, labels_, options_.real("similarity")), count));
  }

  /// [N, D] in the chosen channels, of unit length there.
  Tensor chosen(const Tensor& features) const { return normalised(features.index_select(-1, channels_)); }

  /// [B, D] -> [B, K]
  Tensor zero_shot(const Tensor& images) const { return task_.logit_scale * at::matmul(images, texts_.t()); }

  /// [B, D] -> [B, N], to the keys.
  Tensor affinities(const Tensor& images) const { return at::matmul(chosen(images), keys_.t()); }

  /// Votes [B, K] of the cache, given the images' affinities [B, N] to its keys.
  Tensor votes(const Tensor& affinities, const Tensor& beta, const Tensor& gamma) const {
    return at::matmul((beta * (affinities - 1)).exp() * (gamma * divergences_).exp(), values_);
  }

  /// The mixture of most validation images right; of equals the first, beta's range going by outside alpha's,
  /// and that outside gamma's.
  void search_mixture(const FeatureSet& validation) {
    const Tensor images = normalised(validation.features.select(1, 0));
    const Tensor own = zero_shot(images), near = affinities(images);
    const std::vector<double> gammas =
        search_range(0, options_.real("gamma_scale"), choice_for(task_.dataset).gamma_steps);
    int64_t most = 0;
    for (const double beta : search_range(kRangeStart, options_.real("beta_scale"), kBetas)) {
      std::vector<Tensor> of_gammas;
      for (const double gamma : gammas)
        of_gammas.push_back(votes(near, at::full_like(beta_, beta), at::full_like(gamma_, gamma)));
      const Tensor cached = at::stack(of_gammas);  // [gammas, N, K]
      for (const double alpha : search_range(kRangeStart, options_.real("alpha_scale"), kAlphas)) {
        const Tensor correct = (own + alpha * cached).argmax(-1).eq(validation.labels).sum(-1).cpu();
        for (size_t i = 0; i < gammas.size(); ++i) {
          const int64_t right = correct.data_ptr<int64_t>()[i];
          if (right <= most) continue;
          most = right;
          set_mixture(alpha, beta, gammas[i]);
        }
      }
    }
  }

  void serve() {
    values_ = at::one_hot(labels_, static_cast<int64_t>(task_.class_names.size()))
                  .index_select(1, served_)
                  .to(keys_.dtype());
  }

  Options options_;
  Task task_;
  Tensor channels_;              // [C] int64
  Tensor keys_;                  // [N, C], of unit length
  Tensor labels_;                // [N]
  Tensor divergences_;           // [N], in bits
  Tensor alpha_, beta_, gamma_;  // [1]
  Tensor served_;                // [K], labels of the classes served
  Tensor values_;                // [N, K]: the labels one-hot, of the classes served
  Tensor texts_;                 // [K, D], of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"channels", OptionType::real, "0", "share of the channels kept; 0: the authors' for the dataset"},
    {"similarity", OptionType::real, "-1",
     "weight of the classes' similarity against their variance in the choice of channels; -1: the authors'"},
    {"alpha", OptionType::real, "0",
     "weight of the cache before the search; 0: the authors' for the dataset"},
    {"beta", OptionType::real, "0", "sharpness of the cache before the search; 0: the authors', 1"},
    {"gamma", OptionType::real, "0.1", "weight of the divergence before the search"},
    {"search", OptionType::boolean, "true", "look for alpha, beta and gamma on the validation images"},
    {"alpha_scale", OptionType::real, "0", "end of the range of alpha; 0: the authors' for the dataset"},
    {"beta_scale", OptionType::real, "0", "end of the range of beta; 0: the authors' for the dataset"},
    {"gamma_scale", OptionType::real, "0", "end of the range of gamma; 0: the authors' for the dataset"}};

constexpr MethodSpec kMethods[] = {
    {"ape", 1, "APE: a cache of training features in chosen channels; serves no new classes",
     Training::own_solver, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new Ape(options); }},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
