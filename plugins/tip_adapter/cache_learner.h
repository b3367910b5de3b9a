#pragma once

#include <promptbed/promptbed.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace promptbed {

/// What authors chose for a dataset, or else for ImageNet. A Choice has the dataset's id in `dataset`.
template <class Choice, size_t N>
const Choice& choice_for(const Choice (&choices)[N], const std::string& dataset) {
  const auto of = [&](const std::string& name) {
    return std::ranges::find_if(choices, [&](const Choice& choice) { return choice.dataset == name; });
  };
  const auto* const found = of(dataset);
  return found == std::end(choices) ? *of("imagenet") : *found;
}

/// So many numbers from `start` to just below `scale`.
std::vector<double> search_range(double start, double scale, int64_t count);

/// A point of the grid that is searched.
struct Mixture {
  double alpha, beta;
  size_t variant;  ///< of the votes
};

/// A cache of the training images' features and labels beside CLIP's own prediction: what Tip-Adapter and APE
/// have in common. With images f and class features W of unit length, weights A of the keys for the images,
/// which beta sharpens, and one-hot labels L,
///
///     logits = scale f W^T + alpha A L
///
/// A key is an image's feature averaged over its views, as the authors' code has it. Alpha and beta are
/// searched for on the validation images. It needs the options alpha, beta, search, alpha_scale and
/// beta_scale.
class CacheLearner : public PromptLearner {
 public:
  explicit CacheLearner(const Options& options) : options_(options) {}

  Needs needs() const override { return {.validation_features = options_.boolean("search")}; }
  void bind(const Task& task) override;
  void load_state(const NamedTensors& saved) override;
  void retarget(const ClassNames& class_names) override;

 protected:
  static constexpr double kRangeStart = 0.1;  // of alpha and beta
  static constexpr double kMost = 1e6;        // of any of them: logits stay finite

  /// Gives an option its default where it is 0. Throws Error if it is not above `least`, and if it is so
  /// large that logits would not be finite.
  void settle(const char* name, double otherwise, double least);

  /// Throws Error if an option is above `most`.
  void check_most(const char* name, double most) const;

  /// Settles alpha, beta and their ranges; the arguments are the authors' for the dataset.
  void settle_mixture(double alpha, double alpha_scale, double beta_scale);

  void set_mixture(double alpha, double beta);

  /// A tensor [1] of the state.
  Tensor one_number(double value) const;

  /// Makes room for the keys and labels of so many images.
  virtual void resize(int64_t images);

  /// [B, D], of unit length -> [B, K]
  Tensor zero_shot(const Tensor& images) const;

  /// Votes [B, K] of keys with weights [B, N].
  Tensor votes_of(const Tensor& weights) const { return at::matmul(weights, values_); }

  bool searches(const FeatureSet& validation) const;

  /// The mixture of most validation images right: of equals the first, beta's range going by outside alpha's,
  /// and that outside the G variants of the votes. `images` [M, D] are those images, of unit length, and
  /// votes(beta) is [G, M, K]. None if no mixture has one image right.
  std::optional<Mixture> best_mixture(const Tensor& images, const Tensor& labels,
                                      const std::function<Tensor(double beta)>& votes) const;

  Options options_;
  Task task_;
  Tensor keys_;          // [N, C], of unit length; C is D, or the number of channels that are compared
  Tensor labels_;        // [N]
  Tensor alpha_, beta_;  // [1]
  Tensor texts_;         // [K, D], of the classes served

 private:
  static constexpr double kBeta = 1;                    // the authors', for all datasets
  static constexpr int64_t kBetas = 200, kAlphas = 20;  // tried in the search

  void serve();

  Tensor served_;  // [K], labels of the classes served
  Tensor values_;  // [N, K]: the labels one-hot, of the classes served
};

}  // namespace promptbed
