#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <limits>
#include <string>
#include <vector>

namespace promptbed {
namespace {

constexpr int64_t kMostViews = 1000;

/// ZERO (arXiv 2405.18330): the views of a test image that zero-shot CLIP is surest of vote for the class
/// that each finds most likely, which is what the mean of their softmaxes tends to as the temperature goes to
/// zero. A tie goes to the first of the other views, by certainty, that finds one of the tied classes most
/// likely, and if none does to the tied class that the surest view of all prefers. As in the authors' code
/// (FarinaMatteo/zero), with the host's crops. Logits are votes.
class Zero final : public PromptLearner {
 public:
  explicit Zero(const Options& options) : options_(options) {}

  Needs needs() const override { return {.views_at_test = options_.integer("views")}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, options_.text("template"));
    if (const int64_t views = options_.integer("views"); views < 1 || views > kMostViews)
      throw Error(fmt::format("views {}: give 1 to {}", views, kMostViews));
    if (const double share = options_.real("kept"); !(share > 0 && share <= 1))
      throw Error(fmt::format("kept {}: give a share above 0, up to 1", share));
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor scores = task_.logit_scale * at::matmul(normalised(batch.views_at_test), text_features_.t());
    std::vector<Tensor> votes;
    for (const Tensor& of_image : scores.unbind()) votes.push_back(votes_of(of_image));
    return at::stack(votes);
  }

  void retarget(const ClassNames& class_names) override {
    text_features_ = template_features(task_, options_.text("template"), class_names);
  }

 private:
  /// Of an image's similarities [1 + V, K]: [K].
  Tensor votes_of(const Tensor& scores) const {
    const int64_t views = scores.size(0), kept = count_of_share(views, options_.real("kept"));
    const Tensor sorted = scores.index_select(0, by_certainty(scores));  // the surest view first
    const Tensor choices = sorted.argmax(-1);
    Tensor votes = at::one_hot(choices.narrow(0, 0, kept), scores.size(1)).sum(0).to(scores.dtype());
    const Tensor tied = votes == votes.max();
    if (tied.sum().item<int64_t>() > 1)
      votes[winner(tied, sorted, choices.narrow(0, kept, views - kept))] += 1;
    return votes;
  }

  /// Among tied classes, bool [K]. `others` are what the views that have no vote find most likely.
  static int64_t winner(const Tensor& tied, const Tensor& sorted, const Tensor& others) {
    const Tensor eligible = tied.index_select(0, others).nonzero();
    if (eligible.size(0) > 0) return others[eligible[0].item<int64_t>()].item<int64_t>();
    return sorted[0]
        .masked_fill(tied.logical_not(), -std::numeric_limits<float>::infinity())
        .argmax()
        .item<int64_t>();
  }

  Options options_;
  Task task_;
  Tensor text_features_;  // [K, D], normalised
};

constexpr OptionSpec kOptions[] = {
    {"template", OptionType::text, "a photo of a {}.", "the hand-written prompt, the same on every dataset"},
    {"views", OptionType::integer, "63", "random crops of each test image, beside its centre"},
    {"kept", OptionType::real, "0.3", "share of the views that vote, the surest"}};

constexpr MethodSpec kMethods[] = {
    {"zero", 1, "ZERO: a vote of the surest crops of each test image; no training", Training::none, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new Zero(options); }},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
