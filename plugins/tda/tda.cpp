#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/promptbed.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {
namespace {

/// What the positive cache counts for, and how sharply, by dataset (kdiAAA/TDA, configs); the authors name
/// nothing for others, which get ImageNet's.
struct Adapting {
  double alpha, beta;
};
const std::map<std::string_view, Adapting> kOfDataset = {{"caltech101", {5, 5}},
                                                         {"dtd", {2, 3}},
                                                         {"eurosat", {4, 8}},
                                                         {"fgvc_aircraft", {2, 2}},
                                                         {"food101", {1, 1}},
                                                         {"imagenet", {2, 5}},
                                                         {"imagenet_a", {2, 5}},
                                                         {"imagenet_r", {1, 8}},
                                                         {"imagenet_sketch", {2.363, 7.45}},
                                                         {"imagenetv2", {1, 8}},
                                                         {"oxford_flowers", {1, 5}},
                                                         {"oxford_pets", {2, 7}},
                                                         {"stanford_cars", {1, 7}},
                                                         {"sun397", {2, 3}},
                                                         {"ucf101", {3, 8}}};
constexpr Adapting kOther = {2, 5};

/// What is beyond these would fill the memory, or make logits infinite.
constexpr int64_t kMostViews = 1000, kMostCapacity = 1000;
constexpr double kMostFactor = 1e6;

/// Features of test images that were seen, a few for each class that they were taken for: the surest ones.
class StreamCache {
 public:
  StreamCache() = default;
  StreamCache(int64_t classes, int64_t capacity, int64_t width, const at::TensorOptions& options)
      : capacity_(capacity),
        keys_(at::zeros({classes * capacity, width}, options)),
        values_(at::zeros({classes * capacity, classes}, options)),
        entropies_(static_cast<size_t>(classes)) {}

  /// Keeps an image in a free place of its class, or in that of the least sure one there, if it is surer.
  void take(int64_t label, double entropy, const Tensor& key, const Tensor& value) {
    std::vector<double>& of_class = entropies_[static_cast<size_t>(label)];
    auto place = of_class.end();
    if (static_cast<int64_t>(of_class.size()) < capacity_) {
      place = of_class.insert(of_class.end(), entropy);
    } else {
      place = std::max_element(of_class.begin(), of_class.end());
      if (!(entropy < *place)) return;
      *place = entropy;
    }
    const int64_t row = label * capacity_ + (place - of_class.begin());
    keys_[row].copy_(key);
    values_[row].copy_(value);
  }

  /// What the images say of another one [D], each by its likeness: [K].
  Tensor logits(const Tensor& feature, double beta) const {
    return at::matmul((beta * (at::matmul(keys_, feature) - 1)).exp(), values_);
  }

 private:
  int64_t capacity_ = 0;
  Tensor keys_;                                 // [K capacity, D], normalised, or means of such
  Tensor values_;                               // [K capacity, K], zeros where there is none yet
  std::vector<std::vector<double>> entropies_;  // by class, of those that are there
};

/// Training-free Dynamic Adapter (TDA, arXiv 2403.18293): an online method. Of the test images seen so far
/// two caches keep those that zero-shot CLIP is surest of, for each class that it takes them for: a positive
/// one, which raises that class for images like them, and a negative one of images of middling certainty,
/// which lowers the classes that those may be. With normalised features f, keys k and values v,
///
///     logits = tau f t + alpha sum v exp(-beta (1 - f k))  -  the same of the negative cache
///
/// As in the authors' code (kdiAAA/TDA), which takes one view on fine-grained datasets; with `views`,
/// features and logits are the mean of the surest tenth, as theirs on ImageNet's variants, but of the host's
/// crops and without AugMix.
class TDA final : public PromptLearner {
 public:
  explicit TDA(const Options& options) : options_(options) {}

  Needs needs() const override { return {.views_at_test = options_.integer("views")}; }

  Options resolve(const Setting& setting) override {
    check_template(setting, setting.prompt_template);
    check_range("views", options_.integer("views"), 0, kMostViews);
    check_range("capacity", options_.integer("capacity"), 1, kMostCapacity);
    check_range("negative_capacity", options_.integer("negative_capacity"), 0, kMostCapacity);
    for (const char* name : {"alpha", "beta", "negative_alpha", "negative_beta"}) {
      if (!(options_.real(name) <= kMostFactor))
        throw Error(fmt::format("{} {}: give a number up to {}", name, options_.real(name), kMostFactor));
    }
    for (const char* name : {"negative_alpha", "negative_beta"}) {
      if (!(options_.real(name) >= 0))
        throw Error(fmt::format("{} {}: give a number from 0 up", name, options_.real(name)));
    }
    const auto known = kOfDataset.find(setting.dataset);
    const auto& [alpha, beta] = known == kOfDataset.end() ? kOther : known->second;
    if (options_.real("alpha") < 0) options_.set("alpha", OptionValue(alpha));
    if (options_.real("beta") < 0) options_.set("beta", OptionValue(beta));
    return options_;
  }

  void bind(const Task& task) override {
    task_ = task;
    retarget(task.class_names);
  }

  Tensor logits(const Batch& batch) override {
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < batch.features.size(0); ++i) {
      const bool has_views = options_.integer("views") > 0;
      rows.push_back(logits_of(seen(has_views ? batch.views_at_test[i] : batch.features.narrow(0, i, 1))));
    }
    return at::stack(rows);
  }

  void retarget(const ClassNames& class_names) override {
    text_features_ = template_features(task_, task_.prompt_template, class_names);
    const int64_t classes = text_features_.size(0), width = text_features_.size(1);
    positive_ = {classes, options_.integer("capacity"), width, text_features_.options()};
    negative_.reset();
    if (options_.integer("negative_capacity") > 0 && classes > 1)
      negative_.emplace(classes, options_.integer("negative_capacity"), width, text_features_.options());
  }

 private:
  // Of which certainty an image enters the negative cache, and which classes it may be, by their probability.
  static constexpr double kLeastEntropy = 0.2, kMostEntropy = 0.5;
  static constexpr double kLeastProbability = 0.03, kMostProbability = 1;
  static constexpr double kSelected = 0.1;  // of the views

  /// A test image by zero-shot CLIP.
  struct Seen {
    Tensor feature;        ///< [D]
    Tensor logits;         ///< [K]
    Tensor probabilities;  ///< [K]
    double entropy;        ///< in nats
  };

  static void check_range(const char* name, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most)
      throw Error(fmt::format("{} {}: give {} to {}", name, value, least, most));
  }

  /// The image in its views [n, D]: the mean of the surest, or its only one.
  Seen seen(const Tensor& views) const {
    Tensor features = normalised(views),
           scores = task_.logit_scale * at::matmul(features, text_features_.t());
    if (views.size(0) > 1) {
      const Tensor chosen = by_certainty(scores).narrow(0, 0, count_of_share(views.size(0), kSelected));
      features = features.index_select(0, chosen);
      scores = scores.index_select(0, chosen);
    }
    return {features.mean(0), scores.mean(0), scores.softmax(-1).mean(0),
            entropy_of_mean(scores).item<double>()};
  }

  /// The image enters the caches first, and so speaks for itself, too.
  Tensor logits_of(const Seen& image) {
    const int64_t taken_for = image.logits.argmax().item<int64_t>(), classes = image.logits.size(0);
    positive_.take(taken_for, image.entropy, image.feature, at::one_hot(image.logits.argmax(), classes));
    const double share =
        image.entropy / std::log2(static_cast<double>(classes));  // log2 as the authors have it
    if (negative_ && share > kLeastEntropy && share < kMostEntropy) {
      const Tensor may_be =
          (image.probabilities > kLeastProbability).logical_and(image.probabilities < kMostProbability);
      negative_->take(taken_for, image.entropy, image.feature, may_be);
    }
    Tensor logits =
        image.logits + options_.real("alpha") * positive_.logits(image.feature, options_.real("beta"));
    if (negative_) {
      logits = logits - options_.real("negative_alpha") *
                            negative_->logits(image.feature, options_.real("negative_beta"));
    }
    return logits;
  }

  Options options_;
  Task task_;
  Tensor text_features_;  // [K, D], normalised
  StreamCache positive_;
  std::optional<StreamCache> negative_;  // none with a single class, or if it is left out
};

constexpr OptionSpec kOptions[] = {
    {"alpha", OptionType::real, "-1", "weight of the positive cache; below 0: the authors', by dataset"},
    {"beta", OptionType::real, "-1", "how fast it fades with distance; below 0: the authors', by dataset"},
    {"capacity", OptionType::integer, "3", "images of a class in the positive cache"},
    {"negative_alpha", OptionType::real, "0.117", "weight of the negative cache"},
    {"negative_beta", OptionType::real, "1", "how fast it fades with distance"},
    {"negative_capacity", OptionType::integer, "2",
     "images of a class in the negative cache; 0: there is none"},
    {"views", OptionType::integer, "0", "random crops of each test image, beside its centre"}};

constexpr MethodSpec kMethods[] = {
    {.name = "tda",
     .version = 1,
     .summary = "TDA: caches of the surest test images, filled as they come; no training",
     .training = Training::none,
     .options = kOptions,
     .option_count = std::size(kOptions),
     .create = [](const Options& options) -> PromptLearner* { return new TDA(options); },
     .online = true},
};

}  // namespace
}  // namespace promptbed

PROMPTBED_PLUGIN(promptbed::kMethods);
