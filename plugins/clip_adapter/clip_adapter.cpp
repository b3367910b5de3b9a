#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>

namespace promptbed {
namespace {

/// CLIP-Adapter (arXiv 2110.04544, the visual adapter): a bottleneck of a quarter of the width changes the
/// image feature f, and the classes stay those of the hand-written template:
///
///     f* = ratio ReLU(ReLU(f W1) W2) + (1 - ratio) f
class ClipAdapter final : public PromptLearner {
 public:
  explicit ClipAdapter(const Options& options) : options_(options) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    if (const double ratio = options_.real("ratio"); !(ratio >= 0 && ratio <= 1))
      throw Error(fmt::format("ratio {}: give a number from 0 to 1", ratio));
    check_template(setting, setting.prompt_template);
    return options_;
  }

  /// CoOp's: the authors' code is a trainer for CoOp's code base, run by its commands.
  Recipe recipe(const Setting&) const override { return {}; }

  void bind(const Task& task) override {
    task_ = task;
    const int64_t width = task.feature_width;
    const int64_t hidden = std::max<int64_t>(1, width / kReduction);
    weight1_ = initial_linear(task, {hidden, width}, width);
    weight2_ = initial_linear(task, {width, hidden}, hidden);
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const double ratio = options_.real("ratio");
    const Tensor adapted = at::linear(at::linear(batch.features, weight1_).relu(), weight2_).relu();
    const Tensor images = ratio * adapted + (1 - ratio) * batch.features;
    return task_.logit_scale * at::matmul(normalised(images), classes_.t());
  }

  NamedTensors trainable() override {
    return {{"adapter.linear1.weight", weight1_}, {"adapter.linear2.weight", weight2_}};
  }

  void retarget(const ClassNames& class_names) override {
    classes_ = template_features(task_, task_.prompt_template, class_names);
  }

 private:
  static constexpr int64_t kReduction = 4;

  Options options_;
  Task task_;
  Tensor weight1_, weight2_;  // [D/4, D], [D, D/4]
  Tensor classes_;            // [K, D]
};

constexpr OptionSpec kOptions[] = {
    {"ratio", OptionType::real, "0.2", "share of the adapted feature (the paper's alpha)"}};

constexpr MethodSpec kMethods[] = {
    {"clip_adapter", 1, "CLIP-Adapter: a bottleneck on the image feature", Training::trainable, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new ClipAdapter(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
