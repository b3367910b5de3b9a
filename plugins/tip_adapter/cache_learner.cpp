#include "cache_learner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace promptbed {

std::vector<double> search_range(double start, double scale, int64_t count) {
  std::vector<double> range;
  for (int64_t i = 0; i < count; ++i)
    range.push_back(start + static_cast<double>(i) * (scale - start) / static_cast<double>(count));
  return range;
}

void CacheLearner::bind(const Task& task) {
  task_ = task;
  keys_ = normalised(task.train.features.mean(1));
  labels_ = task.train.labels;
  set_mixture(options_.real("alpha"), options_.real("beta"));
  retarget(task.class_names);
}

void CacheLearner::load_state(const NamedTensors& saved) {
  for (const auto& [name, tensor] : saved) {
    if (name == "labels") resize(tensor.numel());  // a cache is as large as its own training set
  }
  PromptLearner::load_state(saved);
  serve();
}

void CacheLearner::retarget(const ClassNames& class_names) {
  served_ = trained_labels(task_, class_names, "cached images");
  texts_ = template_features(task_, task_.prompt_template, class_names);
  serve();
}

void CacheLearner::settle(const char* name, double otherwise, double least) {
  if (options_.real(name) == 0) options_.set(name, OptionValue(otherwise));
  if (!(options_.real(name) > least)) {
    throw Error(fmt::format("{} {}: give a number above {}, or 0 for the authors' choice", name,
                            options_.real(name), least));
  }
  check_most(name, kMost);
}

void CacheLearner::check_most(const char* name, double most) const {
  if (const double value = options_.real(name); value > most)
    throw Error(fmt::format("{} {}: give {} or less, so that the logits stay finite", name, value, most));
}

void CacheLearner::settle_mixture(double alpha, double alpha_scale, double beta_scale) {
  settle("alpha", alpha, 0);
  settle("beta", kBeta, 0);
  settle("alpha_scale", alpha_scale, kRangeStart);
  settle("beta_scale", beta_scale, kRangeStart);
}

void CacheLearner::set_mixture(double alpha, double beta) {
  alpha_ = one_number(alpha);
  beta_ = one_number(beta);
}

Tensor CacheLearner::one_number(double value) const {
  return at::full({1}, value, keys_.options().requires_grad(false));
}

void CacheLearner::resize(int64_t images) {
  keys_ = at::empty({images, keys_.size(1)}, keys_.options()).requires_grad_(keys_.requires_grad());
  labels_ = at::empty({images}, labels_.options());
}

Tensor CacheLearner::zero_shot(const Tensor& images) const {
  return task_.logit_scale * at::matmul(images, texts_.t());
}

bool CacheLearner::searches(const FeatureSet& validation) const {
  return options_.boolean("search") && validation.labels.size(0) > 0;
}

std::optional<Mixture> CacheLearner::best_mixture(const Tensor& images, const Tensor& labels,
                                                  const std::function<Tensor(double beta)>& votes) const {
  const Tensor own = zero_shot(images);
  const std::vector<double> alphas = search_range(kRangeStart, options_.real("alpha_scale"), kAlphas);
  std::optional<Mixture> best;
  int64_t most = 0;
  for (const double beta : search_range(kRangeStart, options_.real("beta_scale"), kBetas)) {
    const Tensor cached = votes(beta);
    for (const double alpha : alphas) {
      const Tensor right = (own + alpha * cached).argmax(-1).eq(labels).sum(-1).cpu();  // [G]
      const auto* const begin = right.data_ptr<int64_t>();
      const auto* const first = std::max_element(begin, begin + right.numel());
      if (*first <= most) continue;
      most = *first;
      best = Mixture{alpha, beta, static_cast<size_t>(first - begin)};
    }
  }
  return best;
}

void CacheLearner::serve() {
  values_ = at::one_hot(labels_, static_cast<int64_t>(task_.class_names.size()))
                .index_select(1, served_)
                .to(keys_.dtype());
}

}  // namespace promptbed
