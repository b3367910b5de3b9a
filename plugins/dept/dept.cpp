#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace promptbed {
namespace {

constexpr const char* kPrefix = "base.";  // of the base's tensors

NamedTensors with_prefix(NamedTensors tensors) {
  for (auto& [name, tensor] : tensors) name = kPrefix + name;
  return tensors;
}

NamedTensors without_prefix(const NamedTensors& tensors) {
  NamedTensors part;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(kPrefix)) part.emplace_back(name.substr(std::string(kPrefix).size()), tensor);
  }
  return part;
}

/// A scale and a shift of each dimension of a feature (arXiv 1709.07871), which change nothing at first.
class FeatureTransform {
 public:
  FeatureTransform() = default;
  explicit FeatureTransform(const Task& task)
      : scale_(at::ones({task.feature_width}, at::device(task.device)).requires_grad_()),
        shift_(at::zeros({task.feature_width}, at::device(task.device)).requires_grad_()) {}

  Tensor operator()(const Tensor& features) const { return features * scale_ + shift_; }

  NamedTensors tensors(const std::string& name) const {
    return {{name + ".scale", scale_}, {name + ".shift", shift_}};
  }

 private:
  Tensor scale_, shift_;  // [D]
};

/// Of the classes' text features, [K, D] or [B, K, D], those of each image's own class: [B, D].
Tensor of_own_classes(const Tensor& text_features, const Tensor& labels) {
  if (text_features.dim() == 2) return text_features.index_select(0, labels);
  const Tensor rows = labels.view({-1, 1, 1}).expand({-1, 1, text_features.size(-1)});
  return text_features.gather(1, rows).squeeze(1);
}

/// Decoupled Prompt Tuning (arXiv 2309.07439) on another method, its base: what is particular to the trained
/// classes goes into a linear head h beside the base's similarities, so that the base keeps to what new
/// classes share. The head learns from images f and from the text features w of their classes y, none
/// normalised,
///
///     L = L_base + weight (L_head - L_ce),   L_head = cross-entropy of h(w_y), h(f) with the labels y, y
///
/// where L_ce is the cross-entropy in L_base, so that other terms of the base keep their weight. Trained
/// classes are tested by (1 - weight) similarities + weight h(f), others by similarities alone, as in the
/// authors' code (Koorye/DePT).
class DePT final : public PromptLearner {
 public:
  DePT(const Options& options, std::shared_ptr<PromptLearner> base)
      : options_(options), base_(std::move(base)) {}

  Offers offers() const override { return {.repeatable_steps = true}; }

  Options resolve(const Setting&) override {
    if (const double weight = options_.real("weight"); !(weight >= 0 && weight <= 1))
      throw Error(fmt::format("weight {}: give a number from 0 to 1", weight));
    if (const double factor = options_.real("rate_factor"); !(factor > 0 && factor <= kMostRateFactor))
      throw Error(fmt::format("rate_factor {}: give a number above 0 and up to {}", factor, kMostRateFactor));
    if (!base_->offers().text_features) {
      throw Error(fmt::format("base {}: offers no text features to build on; give another, such as coop",
                              options_.text(kBaseOption)));
    }
    if (base_->needs().pixels) {
      throw Error(fmt::format(
          "base {}: takes pixels, and the head learns from cached features; give another, such as coop",
          options_.text(kBaseOption)));
    }
    return options_;
  }

  /// The authors' configurations: CoCoOp as it is trained alone, and all else as CoOp.
  Recipe recipe(const Setting&) const override {
    const bool conditional = options_.text(kBaseOption) == "cocoop";
    const double rate = conditional ? 0.002 : 0.0035;
    Recipe recipe;
    recipe.epochs = 10;
    recipe.batch_size = conditional ? 1 : 4;
    recipe.groups = {{.prefix = kPrefix, .learning_rate = rate},
                     {.prefix = "", .learning_rate = options_.real("rate_factor") * rate}};
    return recipe;
  }

  void bind(const Task& task) override {
    task_ = task;
    base_->bind(task);
    image_ = FeatureTransform(task);
    text_ = FeatureTransform(task);
    const auto classes = static_cast<int64_t>(task.class_names.size());
    head_weight_ = initial_linear(task, {classes, task.feature_width}, task.feature_width);
    head_bias_ = initial_linear(task, {classes}, task.feature_width);
    trained_names_ = bytes_of_names(task.class_names);
    serve(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    const Tensor similarities = base_->logits(batch);
    if (!served_rows_.defined()) return similarities;
    const double weight = options_.real("weight");
    const Tensor own = head(image_(batch.features)).index_select(1, served_rows_);
    return (1 - weight) * similarities + weight * own;
  }

  Tensor loss(const Batch& batch) override {
    const Outputs base = base_->outputs(batch);
    const Tensor texts = of_own_classes(base.text_features, batch.labels);
    const Tensor predicted = head(at::cat({text_(texts), image_(batch.features)}));  // [2 B, K]
    const Tensor head_loss = at::cross_entropy_loss(predicted, batch.labels.repeat({2}));
    return base.loss +
           options_.real("weight") * (head_loss - at::cross_entropy_loss(base.logits, batch.labels));
  }

  void epoch_end(int64_t epoch, int64_t epochs) override { base_->epoch_end(epoch, epochs); }

  NamedTensors trainable() override { return with_own(base_->trainable()); }

  NamedTensors state() override {
    NamedTensors tensors = with_own(base_->state());
    tensors.emplace_back(kTrainedNames, trained_names_);
    return tensors;
  }

  void load_state(const NamedTensors& saved) override {
    base_->load_state(without_prefix(saved));
    // A head has a row for each class that it was trained on, which may be other classes than are bound to.
    for (const auto& [name, tensor] : saved) {
      if (name == kTrainedNames) trained_names_ = at::empty({tensor.numel()}, trained_names_.options());
      if (name != "head.weight" || tensor.dim() != 2) continue;
      head_weight_ =
          at::empty({tensor.size(0), task_.feature_width}, head_weight_.options()).requires_grad_();
      head_bias_ = at::empty({tensor.size(0)}, head_bias_.options()).requires_grad_();
    }
    PromptLearner::load_state(with_names(saved));
    task_.class_names = names_in_bytes(trained_names_);
    if (const auto classes = static_cast<int64_t>(task_.class_names.size());
        classes != head_weight_.size(0)) {
      throw Error(fmt::format("the trained prompt's head has {} rows for {} classes; train it again",
                              head_weight_.size(0), classes));
    }
    serve(served_);
  }

  void retarget(const ClassNames& class_names) override {
    base_->retarget(class_names);
    serve(class_names);
  }

 private:
  static constexpr double kMostRateFactor = 1e6;
  static constexpr const char* kTrainedNames = "head.class_names";

  /// A state without names, such as one of the authors' tensors, is of the classes bound to.
  NamedTensors with_names(NamedTensors saved) const {
    const bool named =
        std::ranges::any_of(saved, [](const auto& entry) { return entry.first == kTrainedNames; });
    if (!named) saved.emplace_back(kTrainedNames, trained_names_);
    return saved;
  }

  NamedTensors with_own(NamedTensors of_base) const {
    NamedTensors tensors = with_prefix(std::move(of_base));
    const NamedTensors of_head = {{"head.weight", head_weight_}, {"head.bias", head_bias_}};
    for (const NamedTensors& own : {image_.tensors("image"), text_.tensors("text"), of_head})
      tensors.insert(tensors.end(), own.begin(), own.end());
    return tensors;
  }

  /// [B, D] -> [B, K]
  Tensor head(const Tensor& features) const { return at::linear(features, head_weight_, head_bias_); }

  /// Finds the head's rows of these classes, if it has all of them.
  void serve(const ClassNames& class_names) {
    served_ = class_names;
    served_rows_ = Tensor();
    try {
      served_rows_ = trained_labels(task_, class_names, "head");
    } catch (const NotTransferable&) {  // by similarities alone, then
    }
  }

  Options options_;
  std::shared_ptr<PromptLearner> base_;
  Task task_;  // its class names are those that the state was trained on
  FeatureTransform image_, text_;
  Tensor head_weight_, head_bias_;  // [K, D], [K], of the classes trained on
  Tensor trained_names_;            // the names of those, as bytes
  ClassNames served_;
  Tensor served_rows_;  // of the head, in the order of the classes served; undefined if it lacks one
};

constexpr OptionSpec kOptions[] = {
    {kBaseOption, OptionType::text, "coop",
     "the method that it is built on: any that offers its text features, such as coop"},
    {"weight", OptionType::real, "0.7", "share of the head in loss and logits (the paper's lambda)"},
    {"rate_factor", OptionType::real, "6.5", "learning rate of the head, as a multiple of the base's"}};

constexpr BaseDefault kDefaults[] = {{"coop", "n_ctx", "16"}, {"kgcoop", "weight", "2"}};

constexpr WrapperSpec kWrapper = {
    [](const Options& options, std::shared_ptr<PromptLearner> base) -> PromptLearner* {
      return new DePT(options, std::move(base));
    },
    kDefaults, std::size(kDefaults)};

constexpr MethodSpec kMethods[] = {
    {"dept", 1, "DePT: a linear head of the trained classes beside another method", Training::trainable,
     kOptions, std::size(kOptions), nullptr, /*probabilities=*/false, &kWrapper},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
