#include "logistic_regression.h"

#include <ATen/ATen.h>
#include <torch/optim/lbfgs.h>

namespace promptbed {
namespace {

// The iterations of arXiv 2103.00020, section A.3; history and evaluations as scikit-learn's solver has them.
constexpr int64_t kIterations = 1000, kEvaluations = 15'000, kHistory = 10;
constexpr double kNegligibleGradient = 1e-7, kNegligibleChange = 1e-12;  // of the mean over the images

}  // namespace

Tensor LinearClassifier::operator()(const Tensor& features) const {
  return at::linear(features, weight, bias);
}

LogisticRegression::LogisticRegression(const FeatureSet& train, int64_t classes)
    : features_(train.features.to(torch::kDouble).flatten(0, 1)),
      targets_(
          at::one_hot(train.labels.repeat_interleave(train.features.size(1)), classes).to(torch::kDouble)),
      images_(static_cast<double>(train.labels.size(0))) {}

LinearClassifier LogisticRegression::solve(double c) const {
  const auto rows = static_cast<double>(features_.size(0));
  const double decay = 1 / (c * images_);  // the objective is divided by N
  LinearClassifier found{at::zeros({targets_.size(1), features_.size(1)}, features_.options()),
                         at::zeros({targets_.size(1)}, features_.options())};
  torch::optim::LBFGS solver({found.weight, found.bias}, torch::optim::LBFGSOptions(1)
                                                             .max_iter(kIterations)
                                                             .max_eval(kEvaluations)
                                                             .tolerance_grad(kNegligibleGradient)
                                                             .tolerance_change(kNegligibleChange)
                                                             .history_size(kHistory)
                                                             .line_search_fn("strong_wolfe"));
  solver.step([&] {
    const at::NoGradGuard by_hand;
    const Tensor predictions = found(features_).log_softmax(-1);
    const Tensor surplus = (predictions.exp() - targets_) / rows;
    found.weight.mutable_grad() = surplus.t().matmul(features_) + decay * found.weight;
    found.bias.mutable_grad() = surplus.sum(0);
    return -(targets_ * predictions).sum() / rows + decay / 2 * found.weight.square().sum();
  });
  return found;
}

}  // namespace promptbed
