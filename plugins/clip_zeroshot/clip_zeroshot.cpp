#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <string>
#include <vector>

namespace promptbed {
namespace {

/// The seven templates that CLIP's authors select for ImageNet (github.com/openai/CLIP,
/// Prompt_Engineering_for_ImageNet).
constexpr const char* kImageNetTemplates[] = {
    "itap of a {}.",         "a bad photo of the {}.", "a origami {}.",           "a photo of the large {}.",
    "a {} in a video game.", "art of the {}.",         "a photo of the small {}."};

/// CLIP as it is: the class names in hand-written templates (arXiv 2103.00020, section 3.1), or sentences of
/// the user's for each class, as CuPL has them (arXiv 2209.03320).
class ZeroShot final : public PromptLearner {
 public:
  explicit ZeroShot(const Options& options) : options_(options) {}

  Options resolve(const Setting& setting) override {
    const std::string& kind = options_.text("templates");
    if (kind != "dataset" && kind != "ensemble") {
      throw Error(fmt::format("no templates \"{}\"; known: dataset, ensemble", kind));
    }
    if (!setting.descriptions.empty() && kind != "dataset")
      throw Error("templates=ensemble: the classes are described by a file; leave one of the two out");
    for (const std::string& text : templates(setting)) check_template(setting, text);
    check_descriptions(setting);
    return options_;
  }

  Needs needs() const override { return {.descriptions = true}; }

  void bind(const Task& task) override {
    task_ = task;
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    return task_.logit_scale * at::matmul(normalised(batch.features), text_features_.t());
  }

  void retarget(const ClassNames& class_names) override {
    if (!task_.descriptions.empty()) {
      text_features_ = description_features(task_, class_names);
      return;
    }
    Tensor sum;
    const auto texts = templates(task_);
    for (const std::string& text : texts) {
      const Tensor features = template_features(task_, text, class_names);
      sum = sum.defined() ? sum + features : features;
    }
    text_features_ = texts.size() == 1 ? sum : normalised(sum / static_cast<double>(texts.size()));
  }

 private:
  /// The dataset's own template, or ImageNet's seven and, on other datasets, the dataset's own beside them.
  std::vector<std::string> templates(const Setting& setting) const {
    if (options_.text("templates") == "dataset") return {setting.prompt_template};
    std::vector<std::string> all(std::begin(kImageNetTemplates), std::end(kImageNetTemplates));
    if (setting.dataset != "imagenet") all.push_back(setting.prompt_template);
    return all;
  }

  Options options_;
  Task task_;
  Tensor text_features_;  // [K, D]
};

constexpr OptionSpec kOptions[] = {
    {"templates", OptionType::text, "dataset", "dataset: its own; ensemble: ImageNet's seven and its own"}};

constexpr MethodSpec kMethods[] = {
    {"clip_zeroshot", 1, "CLIP as it is, with hand-written templates", Training::none, kOptions,
     std::size(kOptions), [](const Options& options) -> PromptLearner* { return new ZeroShot(options); },
     /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
