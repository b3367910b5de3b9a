#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <cmath>
#include <map>

#include "logistic_regression.h"

namespace promptbed {
namespace {

/// A classifier by C = 10^exponent, and how many validation images it gets right.
struct Candidate {
  double exponent = 0;
  LinearClassifier classifier;
  int64_t correct = 0;
};

/// The search for C of CoOp's comparison with the linear probe (lpclip/linear_probe.py of its code), after
/// arXiv 2103.00020, section A.3: the best of seven powers, then eight rounds between a tenth of it and ten
/// times it, each of which keeps the better end and moves the other to the middle of the exponents.
class RegularisationSearch {
 public:
  RegularisationSearch(const LogisticRegression& regression, const FeatureSet& validation)
      : regression_(regression),
        features_(validation.features.select(1, 0).to(torch::kDouble)),
        labels_(validation.labels) {}

  const Candidate& best() {
    const double peak = best_power();
    const Candidate *left = &at(peak - 1), *right = &at(peak + 1);
    for (int round = 1;; ++round) {
      const bool right_is_better = left->correct < right->correct;
      if (round == kRounds) return right_is_better ? *right : *left;
      const Candidate* middle = &at((left->exponent + right->exponent) / 2);
      (right_is_better ? left : right) = middle;
    }
  }

 private:
  static constexpr double kPowers[] = {6, 4, 2, 0, -2, -4, -6};
  static constexpr int kRounds = 8;

  /// Of equals the greatest.
  double best_power() {
    double best = kPowers[0];
    for (const double power : kPowers) {
      if (at(power).correct > at(best).correct) best = power;
    }
    return best;
  }

  const Candidate& at(double exponent) {
    const auto known = candidates_.find(exponent);
    if (known != candidates_.end()) return known->second;
    Candidate candidate{exponent, regression_.solve(std::pow(10.0, exponent)), 0};
    candidate.correct = candidate.classifier(features_).argmax(-1).eq(labels_).sum().item<int64_t>();
    return candidates_.emplace(exponent, std::move(candidate)).first->second;
  }

  const LogisticRegression& regression_;
  Tensor features_;  // [N, D]
  Tensor labels_;    // [N]
  std::map<double, Candidate> candidates_;
};

/// The linear probe that prompt learning is compared with (arXiv 2103.00020, section A.3; arXiv 2109.01134):
/// logistic regression on the image features as they leave the image tower, embedded and not normalised.
class LinearProbe final : public PromptLearner {
 public:
  explicit LinearProbe(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = searches()}; }

  Options resolve(const Setting&) override {
    if (const double c = options_.real("c"); c != 0 && !(c >= 1 / kMostC && c <= kMostC)) {
      throw Error(fmt::format("c {}: give {} to {:g}, or 0 to have it searched for", c, 1 / kMostC, kMostC));
    }
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    const auto classes = static_cast<int64_t>(task.class_names.size());
    const auto options = at::TensorOptions(torch::kFloat).device(task.device);
    classifier_ = {at::zeros({classes, task.feature_width}, options), at::zeros({classes}, options)};
    c_ = at::zeros({1}, options);
    retarget(task.class_names);
  }

  bool fit(const FeatureSet& train, const FeatureSet& validation) override {
    const LogisticRegression regression(train, classifier_.bias.size(0));
    if (searches() && validation.labels.size(0) > 0) {
      RegularisationSearch search(regression, validation);
      const Candidate& best = search.best();
      take(best.classifier, std::pow(10.0, best.exponent));
    } else {
      const double c = searches() ? kDefaultC : options_.real("c");
      take(regression.solve(c), c);
    }
    return true;
  }

  Tensor logits(const Batch& batch) override { return classifier_(batch.features).index_select(-1, served_); }

  NamedTensors state() override {
    return {{"weight", classifier_.weight}, {"bias", classifier_.bias}, {"c", c_}};
  }

  void retarget(const ClassNames& class_names) override {
    served_ = trained_labels(task_, class_names, "weights");
  }

 private:
  static constexpr double kMostC = 1e10;
  static constexpr double kDefaultC = 1;  // scikit-learn's, where there are no validation images

  bool searches() const { return options_.real("c") == 0; }

  void take(const LinearClassifier& found, double c) {
    classifier_ = {found.weight.to(torch::kFloat), found.bias.to(torch::kFloat)};
    c_.fill_(c);
  }

  Options options_;
  Task task_;
  LinearClassifier classifier_;  // of the classes trained on
  Tensor c_;                     // [1], what it was trained with: for the record
  Tensor served_;                // [K], labels of the classes served
};

constexpr OptionSpec kOptions[] = {
    {"c", OptionType::real, "0",
     "inverse weight of the L2 penalty (1 / lambda); 0: searched on the validation images, 1 without any"}};

constexpr MethodSpec kMethods[] = {
    {"linear_probe", 1, "Logistic regression on the image features; serves no new classes",
     Training::own_solver, kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new LinearProbe(options); },
     /*probabilities=*/true, /*wrapper=*/nullptr, Selection::few_shot_validation},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
