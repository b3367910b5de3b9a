#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {
namespace {

/// The templates whose mean is the text teacher: 60 of those that CLIP's authors published for ImageNet
/// (github.com/openai/CLIP, Prompt_Engineering_for_ImageNet), as the authors of PromptSRC chose them; with |
/// between them, as in the option.
constexpr const char* kTeacher =
    "a photo of a {}.|a bad photo of a {}.|a photo of many {}.|a sculpture of a {}.|"
    "a photo of the hard to see {}.|a low resolution photo of the {}.|a rendering of a {}.|"
    "graffiti of a {}.|a bad photo of the {}.|a cropped photo of the {}.|a tattoo of a {}.|"
    "the embroidered {}.|a photo of a hard to see {}.|a bright photo of a {}.|a photo of a clean {}.|"
    "a photo of a dirty {}.|a dark photo of the {}.|a drawing of a {}.|a photo of my {}.|"
    "the plastic {}.|a photo of the cool {}.|a close-up photo of a {}.|"
    "a black and white photo of the {}.|a painting of the {}.|a painting of a {}.|"
    "a pixelated photo of the {}.|a sculpture of the {}.|a bright photo of the {}.|"
    "a cropped photo of a {}.|a plastic {}.|a photo of the dirty {}.|a jpeg corrupted photo of a {}.|"
    "a blurry photo of the {}.|a photo of the {}.|a good photo of the {}.|a rendering of the {}.|"
    "a {} in a video game.|a photo of one {}.|a doodle of a {}.|a close-up photo of the {}.|"
    "the origami {}.|the {} in a video game.|a sketch of a {}.|a doodle of the {}.|a origami {}.|"
    "a low resolution photo of a {}.|the toy {}.|a rendition of the {}.|a photo of the clean {}.|"
    "a photo of a large {}.|a rendition of a {}.|a photo of a nice {}.|a photo of a weird {}.|"
    "a blurry photo of a {}.|a cartoon {}.|art of a {}.|a sketch of the {}.|a embroidered {}.|"
    "a pixelated photo of a {}.|itap of the {}.";

/// What is beyond these makes the loss infinite, or a mean of nothing.
constexpr double kMostWeight = 1e6, kLeastDeviation = 0.01;

/// Datasets for which the authors average states of late epochs alone, in the few-shot protocol.
const std::set<std::string_view> kLateAverage = {"stanford_cars", "oxford_flowers", "fgvc_aircraft", "dtd",
                                                 "eurosat"};

/// The epochs whose states are averaged: weights are those of a normal distribution.
struct Average {
  double mean, deviation;
};

Average authors_average(const Setting& setting) {
  if (has_source(setting.protocol)) return {6, 10};
  if (setting.protocol != Protocol::few_shot) return {15, 1};
  return kLateAverage.contains(setting.dataset) ? Average{45, 5} : Average{30, 30};
}

/// Self-regulating prompts (PromptSRC, arXiv 2307.06948): IVLP whose features t of the classes and f of the
/// images are held near those of the frozen towers, t0 (the mean of many templates) and f0 (of the same
/// crop),
///
///     L = L_ce + 25 mean |t - t0| + 10 mean |f - f0| + KL(p0 || p) / K
///
/// where p and p0 are the class probabilities of both, KL the mean over images, and all features normalised;
/// and whose tensors are in the end a weighted mean of those after each epoch. Factors and recipes are those
/// of the authors' code (muzairkhattak/PromptSRC).
class PromptSRC final : public DeepContextLearner {
 public:
  using DeepContextLearner::DeepContextLearner;

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting& setting) override {
    resolve_by_protocol(setting);
    for (const char* weight : {"text_weight", "image_weight"}) {
      if (!(options().real(weight) >= 0 && options().real(weight) <= kMostWeight))
        throw Error(fmt::format("{} {}: give 0 to {}", weight, options().real(weight), kMostWeight));
    }
    Setting trained = setting;
    trained.new_class_names.clear();  // the teacher never sees them
    for (const std::string& text : teacher_templates()) check_template(trained, text);
    return DeepContextLearner::resolve(setting);
  }

  Recipe recipe(const Setting& setting) const override {
    Recipe recipe;
    recipe.epochs = setting.protocol == Protocol::few_shot ? 50 : 20;
    recipe.batch_size = 4;
    recipe.groups = {{.prefix = "", .learning_rate = 0.0025}};
    return recipe;
  }

  void bind(const Task& task) override {
    DeepContextLearner::bind(task);
    teacher_.reset();
    averages_.clear();
    for (const auto& [name, tensor] : trainable()) averages_.emplace_back(name, at::zeros_like(tensor));
  }

  Tensor loss(const Batch& batch) override {
    const Tensor text = text_features(), text_teacher = teacher(), image = normalised(image_features(batch));
    const Tensor image_teacher = normalised(frozen_image_features(batch.pixels));
    const double scale = task().logit_scale;
    const Tensor logits = scale * at::matmul(image, text.t());
    const Tensor taught = scale * at::matmul(image_teacher, text_teacher.t());
    const auto count = static_cast<double>(logits.numel());
    const Tensor divergence = at::kl_div(logits.log_softmax(1), taught.log_softmax(1), at::Reduction::Sum,
                                         /*log_target=*/true) /
                              count;
    return at::cross_entropy_loss(logits, batch.labels) +
           options().real("text_weight") * (text - text_teacher).abs().mean() +
           options().real("image_weight") * (image - image_teacher).abs().mean() + divergence;
  }

  /// Adds the epoch's tensors to the mean, and takes it over at the end.
  void epoch_end(int64_t epoch, int64_t epochs) override {
    const at::NoGradGuard no_gradients;
    const double weight = weight_of(epoch, epochs);
    const NamedTensors learned = trainable();
    for (size_t i = 0; i < learned.size(); ++i) {
      Tensor& average = averages_[i].second;
      average.add_(learned[i].second, weight);
      if (epoch + 1 == epochs) Tensor(learned[i].second).copy_(average);
    }
  }

  NamedTensors training_state() override { return averages_; }

 private:
  void resolve_by_protocol(const Setting& setting) {
    Options& chosen = options();
    const int64_t depth = has_source(setting.protocol) ? 3 : 9;
    for (const char* name : {"depth", "depth_vision"})
      if (chosen.integer(name) == 0) chosen.set(name, OptionValue(depth));
    const Average average = authors_average(setting);
    if (chosen.real("average_mean") == 0) chosen.set("average_mean", OptionValue(average.mean));
    if (chosen.real("average_deviation") == 0)
      chosen.set("average_deviation", OptionValue(average.deviation));
    if (const double deviation = chosen.real("average_deviation");
        !(deviation >= kLeastDeviation && deviation <= kMostWeight))
      throw Error(
          fmt::format("average_deviation {}: give {} to {}", deviation, kLeastDeviation, kMostWeight));
    if (const double mean = chosen.real("average_mean"); !(std::abs(mean) <= kMostWeight))
      throw Error(fmt::format("average_mean {}: give -{} to {}", mean, kMostWeight, kMostWeight));
  }

  std::vector<std::string> teacher_templates() const {
    const std::string given = options().text("teacher"), all = given.empty() ? kTeacher : given;
    std::vector<std::string> texts;
    for (size_t begin = 0; begin <= all.size();) {
      const size_t end = std::min(all.find('|', begin), all.size());
      texts.push_back(all.substr(begin, end - begin));
      begin = end + 1;
    }
    return texts;
  }

  /// [K, D], normalised, of the classes trained on; made for training alone, since there are 60 texts a
  /// class.
  Tensor teacher() {
    if (teacher_.defined()) return teacher_;
    Tensor sum;
    for (const std::string& text : teacher_templates()) {
      const Tensor features = raw_template_features(task(), text, task().class_names);
      sum = sum.defined() ? sum + features : features;
    }
    return teacher_ = normalised(sum);
  }

  Tensor frozen_image_features(const Tensor& pixels) const {
    const at::NoGradGuard frozen;
    return task().image_encoder->encode(pixels);
  }

  /// Of the state after an epoch, counted from 0: a normal distribution over epochs counted from 1, of which
  /// the weights add up to 1.
  double weight_of(int64_t epoch, int64_t epochs) const {
    const double mean = options().real("average_mean"), deviation = options().real("average_deviation");
    const Tensor numbers = (at::arange(1, epochs + 1, torch::kDouble) - mean) / deviation;
    return (-0.5 * numbers * numbers).softmax(0)[epoch].item<double>();
  }

  Tensor teacher_;         // undefined before the first step
  NamedTensors averages_;  // of trainable(), so far
};

constexpr OptionSpec kOptions[] = {
    {"n_ctx", OptionType::integer, "4",
     "learned tokens a block of the text tower; 0: as many as ctx_init has"},
    {"ctx_init", OptionType::text, "a photo of a",
     "words that the first text tokens start from; \"\": drawn at random, as the deeper ones are"},
    {"rest", OptionType::text, "{}.", "what follows the learned tokens, {} being the class name"},
    {"depth", OptionType::integer, "0",
     "blocks of the text tower with tokens of their own; 0: 9, or 3 where other datasets are tested"},
    image_token_option("4"),
    {"depth_vision", OptionType::integer, "0",
     "blocks of the image tower with tokens of their own; 0: 9, or 3 where other datasets are tested"},
    {"text_weight", OptionType::real, "25", "of the distance to the text teacher"},
    {"image_weight", OptionType::real, "10", "of the distance to the frozen image features"},
    {"teacher", OptionType::text, "",
     "templates of the text teacher, with | between them; default: the authors' 60"},
    {"average_mean", OptionType::real, "0",
     "the epoch whose state counts most; 0: the authors', by protocol"},
    {"average_deviation", OptionType::real, "0",
     "in epochs, of the states that count; 0: the authors', by protocol"}};

constexpr MethodSpec kMethods[] = {
    {"promptsrc", 1, "PromptSRC: IVLP held near the frozen towers, averaged over epochs", Training::trainable,
     kOptions, std::size(kOptions),
     [](const Options& options) -> PromptLearner* { return new PromptSRC(options); }, /*probabilities=*/true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
