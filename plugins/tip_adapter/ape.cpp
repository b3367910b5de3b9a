#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <vector>

#include "cache_learner.h"

namespace promptbed {
namespace {

constexpr double kSmallest = 1e-6;         // keeps logarithms finite
constexpr double kMostGamma = 3;           // a vote is exp(gamma 20) at most, as a divergence is 20 bits
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

/// How well each of D channels tells classes apart, by their text features [K, D] and the keys [N, D] of
/// their images: minus the mean product of the channel over all pairs from two classes, and the variance of
/// the text features over the classes,
///
///     -similarity mean(x_id x_jd) + (1 - similarity) var_k(t_kd)
///
/// One class alone is told apart by no channel better than by others.
Tensor merit_of_channels(const Tensor& texts, const Tensor& keys, const Tensor& labels, double similarity) {
  const Tensor members = at::one_hot(labels, texts.size(0)).to(torch::kDouble);                // [N, K]
  const Tensor sums = texts.to(torch::kDouble) + members.t().matmul(keys.to(torch::kDouble));  // [K, D]
  const Tensor counts = 1 + members.sum(0);
  // Over pairs from two classes: all pairs less those within one.
  const Tensor products = sums.sum(0).square() - sums.square().sum(0);
  const Tensor pairs = counts.sum().square() - counts.square().sum();
  const Tensor unlike = -similarity * products / pairs.clamp_min(1);
  if (texts.size(0) < 2) return unlike;
  return unlike + (1 - similarity) * texts.to(torch::kDouble).var(0, /*unbiased=*/true);
}

/// APE without training (arXiv 2304.01195): zero-shot logits plus alpha times the votes of a cache of the
/// training images. Images f', keys F' and class features W' are compared in the channels that tell classes
/// apart best, and a key votes more, the less its own label is what zero-shot CLIP sees in it. With one-hot
/// labels L,
///
///     logits = scale f W^T + alpha exp(-beta (1 - f' F'^T)) diag(exp(gamma KL(L | softmax(F' W'^T)))) L
///
/// with the divergence in bits. Gamma is searched for with alpha and beta.
class Ape final : public CacheLearner {
 public:
  using CacheLearner::CacheLearner;

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    const Choice& choice = choice_for(kChoices, setting.dataset);
    settle("channels", choice.channels / kAuthorsChannels, 0);
    if (const double share = options_.real("channels"); share > 1)
      throw Error(fmt::format("channels {}: give a share from 0 to 1", share));
    if (options_.real("similarity") == -1) options_.set("similarity", OptionValue(choice.similarity));
    if (const double weight = options_.real("similarity"); !(weight >= 0 && weight <= 1))
      throw Error(
          fmt::format("similarity {}: give a number from 0 to 1, or -1 for the authors' choice", weight));
    if (const double gamma = options_.real("gamma"); !(gamma >= 0))
      throw Error(fmt::format("gamma {}: give 0 or more", gamma));
    check_most("gamma", kMostGamma);
    settle_mixture(choice.alpha, choice.alpha_scale, choice.beta_scale);
    settle("gamma_scale", choice.gamma_scale, 0);
    check_most("gamma_scale", kMostGamma);
    return options_;
  }

  void bind(const Task& task) override {
    CacheLearner::bind(task);
    channels_ = best_channels();
    keys_ = chosen(keys_);
    const Tensor believed = at::matmul(keys_, chosen(texts_).t()).softmax(-1).gather(1, labels_.unsqueeze(1));
    // Of a one-hot label's divergence only its own class's term is not 0.
    divergences_ = std::log2(1 + kSmallest) - (believed.squeeze(1) + kSmallest).log2();
    gamma_ = one_number(options_.real("gamma"));
  }

  bool fit(const FeatureSet&, const FeatureSet& validation) override {
    if (searches(validation)) search_mixture(validation);
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

 protected:
  void resize(int64_t images) override {
    CacheLearner::resize(images);
    divergences_ = at::empty({images}, divergences_.options());
  }

 private:
  /// The share of the channels that tells the classes apart best: int64.
  Tensor best_channels() const {
    const auto width = static_cast<double>(task_.feature_width);
    const auto count = std::max<int64_t>(1, std::llround(options_.real("channels") * width));
    return std::get<1>(
        at::topk(merit_of_channels(texts_, keys_, labels_, options_.real("similarity")), count));
  }

  /// [N, D] in the chosen channels, of unit length there.
  Tensor chosen(const Tensor& features) const { return normalised(features.index_select(-1, channels_)); }

  /// [B, D] -> [B, N], to the keys.
  Tensor affinities(const Tensor& images) const { return at::matmul(chosen(images), keys_.t()); }

  /// Votes [B, K] of the cache, given the images' affinities [B, N] to its keys.
  Tensor votes(const Tensor& affinities, const Tensor& beta, const Tensor& gamma) const {
    return votes_of((beta * (affinities - 1)).exp() * (gamma * divergences_).exp());
  }

  void search_mixture(const FeatureSet& validation) {
    const Tensor images = normalised(validation.features.select(1, 0)), near = affinities(images);
    const std::vector<double> gammas =
        search_range(0, options_.real("gamma_scale"), choice_for(kChoices, task_.dataset).gamma_steps);
    const auto best = best_mixture(images, validation.labels, [&](double beta) {
      std::vector<Tensor> of_gammas;
      for (const double gamma : gammas)
        of_gammas.push_back(votes(near, at::full_like(beta_, beta), at::full_like(gamma_, gamma)));
      return at::stack(of_gammas);
    });
    if (!best) return;
    set_mixture(best->alpha, best->beta);
    gamma_ = one_number(gammas[best->variant]);
  }

  Tensor channels_;     // [C] int64
  Tensor divergences_;  // [N], in bits
  Tensor gamma_;        // [1]
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
     [](const Options& options) -> PromptLearner* { return new Ape(options); }, /*probabilities=*/false,
     /*wrapper=*/nullptr, Selection::few_shot_validation},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
