#include "discriminant.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

namespace promptbed {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();  // the vectors' own precision
constexpr double kNoVariance = kEpsilon * kEpsilon;

/// Of means [K, D] and a precision [D, D], in f64.
Discriminant discriminant(const Tensor& means, const Tensor& precision) {
  const Tensor weight = means.matmul(precision);
  const Tensor bias = -std::log(static_cast<double>(means.size(0))) - (weight * means).sum(-1) / 2;
  return {weight.to(torch::kFloat), bias.to(torch::kFloat)};
}

/// Sum of the outer products of vectors [N, D] around a centre [D]: [D, D].
Tensor scatter_around(const Tensor& centre, const Tensor& vectors) {
  const Tensor centred = vectors - centre;
  return centred.t().matmul(centred);
}

/// What a sample covariance is divided by. A single vector does not vary, whatever it is divided by.
double degrees_of_freedom(int64_t vectors) {
  return static_cast<double>(std::max<int64_t>(vectors - 1, 1));
}

/// The ridge estimate of Kubokawa and Srivastava (2008) from the scatter of n vectors with covariance S:
///
///     P = D ((n - 1) S + tr(S) I)^-1
Tensor shrunk_precision(const Tensor& scatter, int64_t vectors) {
  const int64_t width = scatter.size(0);
  const double variance = scatter.trace().item<double>() / degrees_of_freedom(vectors);
  if (variance <= kNoVariance) return at::zeros_like(scatter);
  return static_cast<double>(width) * at::linalg_inv(scatter + variance * at::eye(width, scatter.options()));
}

/// The pseudo-inverse, cut off as PyTorch cuts off in f32, which the authors' code computes in.
Tensor precision_of(const Tensor& covariance) {
  const double cutoff = static_cast<double>(covariance.size(0)) * kEpsilon;
  return at::linalg_pinv(covariance, kNoVariance, cutoff, /*hermitian=*/true);
}

}  // namespace

Tensor Discriminant::operator()(const Tensor& features) const {
  return at::linear(features, weight, bias);
}

Discriminant discriminant_of_seen(const Tensor& vectors, const Tensor& labels, int64_t classes,
                                  Covariance covariance) {
  const int64_t width = vectors.size(1);
  const auto f64 = vectors.options().dtype(torch::kDouble);
  const Tensor means = at::zeros({classes, width}, f64), spread = at::zeros({width, width}, f64);
  const bool pooled = covariance == Covariance::pooled;
  for (int64_t label = 0; label < classes; ++label) {
    const Tensor own = vectors.index_select(0, labels.eq(label).nonzero().flatten()).to(torch::kDouble);
    if (own.size(0) == 0) continue;
    const Tensor mean = own.mean(0);
    means.select(0, label).copy_(mean);
    spread.add_(scatter_around(mean, own), pooled ? 1 : 1 / degrees_of_freedom(own.size(0)));
  }
  return discriminant(means, pooled ? shrunk_precision(spread, vectors.size(0))
                                    : precision_of(spread / static_cast<double>(classes)));
}

Discriminant discriminant_of_new(const Tensor& texts, const Tensor& vectors, int64_t neighbours,
                                 int64_t copies) {
  const int64_t near = std::min(neighbours, vectors.size(0));
  const auto averaged = static_cast<double>(std::max<int64_t>(near + copies, 1));
  const Tensor centres = texts.to(torch::kDouble);
  std::vector<Tensor> means;
  Tensor precision = at::zeros({texts.size(1), texts.size(1)}, centres.options());
  for (int64_t k = 0; k < texts.size(0); ++k) {
    const Tensor rows = std::get<1>(at::topk(vectors.mv(texts[k]), near));
    const Tensor nearest = vectors.index_select(0, rows).to(torch::kDouble);
    means.push_back((nearest.sum(0) + copies * centres[k]) / averaged);
    precision += shrunk_precision(scatter_around(centres[k], nearest), near);
  }
  return discriminant(at::stack(means), precision / static_cast<double>(texts.size(0)));
}

}  // namespace promptbed
