#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <string>
#include <vector>

#include "discriminant.h"

namespace promptbed {
namespace {

/// GDA-CLIP (arXiv 2402.04087): zero-shot logits plus alpha times those of a Gaussian discriminant on the
/// image features f of unit length,
///
///     logits = scale f W^T + alpha (f G^T + b)
///
/// A few-shot task has the pooled and shrunk covariance of its classes, a base-to-new task the mean of the
/// classes' own, and classes that it was not trained on have means and covariance made from the training
/// vectors near their text, as in the authors' code (mrflogs/ICLR24). Every view of an image gives a
/// vector.
class GdaClip final : public PromptLearner {
 public:
  explicit GdaClip(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = searches()}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    if (const double alpha = options_.real("alpha"); !(alpha >= 0))
      throw Error(fmt::format("alpha {}: give a number above 0, or 0 to have it searched for", alpha));
    if (const double alpha = options_.real("alpha"); alpha > kMostAlpha)
      throw Error(
          fmt::format("alpha {}: give {} or less, so that the logits stay finite", alpha, kMostAlpha));
    if (const int64_t neighbours = options_.integer("neighbours"); neighbours < 1)
      throw Error(fmt::format("neighbours {}: give 1 or more", neighbours));
    if (const int64_t copies = options_.integer("copies"); copies < 0 || copies > kMostCopies)
      throw Error(fmt::format("copies {}: give 0 to {}", copies, kMostCopies));
    if (options_.text("covariance").empty()) {
      const bool base_new = setting.protocol == Protocol::base_new;
      options_.set("covariance", OptionValue(std::string(base_new ? "average" : "pooled")));
    }
    covariance();  // refuses a name that it does not know
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    const auto classes = static_cast<int64_t>(task.class_names.size());
    vectors_ = at::empty({0, task.feature_width}, at::device(task.device).dtype(torch::kFloat));
    trained_ = no_discriminant(classes);
    alpha_ = at::ones({1}, vectors_.options());
    trained_names_ = bytes_of_names(task.class_names);
    retarget(task.class_names);
  }

  bool fit(const FeatureSet& train, const FeatureSet& validation) override {
    vectors_ = normalised(train.features).flatten(0, 1);
    trained_ = discriminant_of_seen(vectors_, train.labels.repeat_interleave(train.features.size(1)),
                                    static_cast<int64_t>(task_.class_names.size()), covariance());
    retarget(task_.class_names);
    alpha_.fill_(searches() ? best_alpha(validation) : options_.real("alpha"));
    return true;
  }

  Tensor logits(const Batch& batch) override {
    const Tensor images = normalised(batch.features);
    return zero_shot(images) + alpha_ * served_(images);
  }

  NamedTensors state() override {
    return {{"weight", trained_.weight},
            {"bias", trained_.bias},
            {"alpha", alpha_},
            {"vectors", vectors_},
            {"class_names", trained_names_}};
  }

  void load_state(const NamedTensors& saved) override {
    // It has as many classes and vectors as it was trained on.
    for (const auto& [name, tensor] : saved) {
      if (name == "bias") trained_ = no_discriminant(tensor.numel());
      if (name == "vectors")
        vectors_ = at::empty({tensor.numel() / task_.feature_width, task_.feature_width}, vectors_.options());
      if (name == "class_names") trained_names_ = at::empty({tensor.numel()}, trained_names_.options());
    }
    PromptLearner::load_state(saved);
    task_.class_names = names_in_bytes(trained_names_);
    retarget(served_names_);
  }

  void retarget(const ClassNames& class_names) override {
    served_names_ = class_names;
    texts_ = template_features(task_, task_.prompt_template, class_names);
    served_ = discriminant_of(class_names);
  }

 private:
  static constexpr double kAlphas[] = {1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100};  // tried in the search
  static constexpr double kDefaultAlpha = 1;  // where there are no validation images
  static constexpr double kMostAlpha = 1e6;
  static constexpr int64_t kMostCopies = 1'000'000;

  bool searches() const { return options_.real("alpha") == 0; }

  Covariance covariance() const {
    const std::string& name = options_.text("covariance");
    if (name == "pooled") return Covariance::pooled;
    if (name == "average") return Covariance::average;
    throw Error(fmt::format("no covariance \"{}\"; known: pooled, average", name));
  }

  /// [B, D] -> [B, K]
  Tensor zero_shot(const Tensor& images) const { return task_.logit_scale * at::matmul(images, texts_.t()); }

  /// The alpha of most validation images right, of equals the least.
  double best_alpha(const FeatureSet& validation) const {
    double best = kDefaultAlpha;
    if (validation.labels.size(0) == 0) return best;
    const Tensor images = normalised(validation.features.select(1, 0));
    const Tensor own = zero_shot(images), gaussian = served_(images);
    int64_t most = 0;
    for (const double alpha : kAlphas) {
      const int64_t correct = (own + alpha * gaussian).argmax(-1).eq(validation.labels).sum().item<int64_t>();
      if (correct <= most) continue;
      most = correct;
      best = alpha;
    }
    return best;
  }

  /// Says nothing about any class.
  Discriminant no_discriminant(int64_t classes) const {
    return {at::zeros({classes, task_.feature_width}, vectors_.options()),
            at::zeros({classes}, vectors_.options())};
  }

  /// Rows [K] of classes in the trained discriminant; classes that it does not have come after it.
  Tensor rows_of(const ClassNames& names) const {
    const ClassNames& trained = task_.class_names;
    std::vector<bool> taken(trained.size());  // two classes may have one name
    std::vector<int64_t> rows;
    auto after = static_cast<int64_t>(trained.size());
    for (const std::string& name : names) {
      size_t row = 0;
      while (row < trained.size() && (taken[row] || trained[row] != name)) ++row;
      if (row < trained.size()) taken[row] = true;
      rows.push_back(row < trained.size() ? static_cast<int64_t>(row) : after++);
    }
    return torch::tensor(rows, torch::kLong).to(task_.device);
  }

  /// Beside a class that it was not trained on, all are made as new ones are: the two kinds of estimates have
  /// no common scale, and a target dataset may share a name or two with the training classes.
  Discriminant discriminant_of(const ClassNames& names) const {
    const Tensor rows = rows_of(names);
    if (rows.ge(trained_.bias.size(0)).any().item<bool>()) {
      return discriminant_of_new(texts_, vectors_, options_.integer("neighbours"),
                                 options_.integer("copies"));
    }
    return {trained_.weight.index_select(0, rows), trained_.bias.index_select(0, rows)};
  }

  Options options_;
  Task task_;             // its class names are those that the state was trained on
  Tensor vectors_;        // [N V, D], of the training images, of unit length
  Discriminant trained_;  // of the classes trained on
  Tensor alpha_;          // [1]
  Tensor trained_names_;  // the names of the classes trained on, as bytes
  ClassNames served_names_;
  Tensor texts_;         // [K, D], of the classes served
  Discriminant served_;  // of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"alpha", OptionType::real, "0",
     "weight of the Gaussian logits; 0: searched on the validation images, 1 without any"},
    {"covariance", OptionType::text, "",
     "pooled, or average: the mean of the classes' own; default: average in base-new, else pooled"},
    {"neighbours", OptionType::integer, "64", "training vectors that a new class is made from"},
    {"copies", OptionType::integer, "16", "of its text vector in a new class's mean"}};

constexpr MethodSpec kMethods[] = {
    {"gda_clip", 1, "GDA-CLIP: Gaussian discriminant analysis of the image features, beside zero-shot",
     Training::own_solver, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new GdaClip(options); }, /*probabilities=*/false,
     /*wrapper=*/nullptr, Selection::few_shot_validation},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
