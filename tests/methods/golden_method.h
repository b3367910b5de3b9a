#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/prompt_learner.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "features/pixels.h"
#include "methods/method_registry.h"
#include "support/golden_clip.h"
#include "training/train.h"

namespace promptbed::test {

/// How far `a` is from the reference `b`: max|a - b| / (1 + max|b|). Infinite where the shapes differ.
inline double golden_distance(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  const Tensor reference = b.cpu();
  return ((a.cpu() - reference).abs().max() / (1 + reference.abs().max())).item<double>();
}

/// What another order of summation may do to a golden tensor. A second implementation stayed within a quarter
/// of it.
constexpr double kGoldenTolerance = 2e-5;

/// In epoch e the rows in their order, in view e.
class ViewPerEpoch final : public EpochOrder {
 public:
  explicit ViewPerEpoch(int64_t images) : images_(images) {}
  EpochRows rows(int64_t epoch) override {
    return {at::arange(images_, torch::kLong), at::full({images_}, epoch, torch::kLong)};
  }

 private:
  int64_t images_;
};

/// What a method's authors' code did: methods/NAME.json and .safetensors of the golden folder.
class GoldenMethod {
 public:
  explicit GoldenMethod(const std::string& name)
      : folder_(golden_folder() / "methods"),
        json_(read_json(folder_ / (name + ".json"))),
        tensors_(read_safetensors(folder_ / (name + ".safetensors")).tensors) {
    if (json_.contains("data")) data_ = read_safetensors(folder_ / std::string(json_.at("data"))).tensors;
    for (auto* tensors : {&tensors_, &data_})
      for (auto& [key, tensor] : *tensors) tensor = tensor.to(golden_device());
  }

  const nlohmann::json& json() const { return json_; }

  /// An option of the authors' code.
  const nlohmann::json& option(const std::string& name) const { return json_.at("options").at(name); }

  const Tensor& at(const std::string& name) const { return tensors_.at(name); }

  /// The tensors whose names begin with `prefix`, without it.
  NamedTensors named(const std::string& prefix) const {
    NamedTensors found;
    for (const auto& [name, tensor] : tensors_) {
      if (name.starts_with(prefix)) found.emplace_back(name.substr(prefix.size()), tensor);
    }
    return found;
  }

  /// The batches' features, a view an epoch, and their labels.
  FeatureSet train() const {
    return {data_.at("features").transpose(0, 1).contiguous(), data_.at("labels").to(torch::kLong)};
  }

  /// The batches' pixels [E, N, 3, R, R], a view an epoch.
  const Tensor& pixels() const { return data_.at("pixels"); }

  /// Of the images that the golden logits are of.
  const Tensor& eval_features() const { return data_.at("eval_features"); }
  const Tensor& eval_pixels() const { return data_.at("eval_pixels"); }

  ClassNames class_names() const { return json_.at("classnames"); }
  ClassNames new_class_names() const { return json_.value("new_classnames", ClassNames()); }

  /// The task of the run, with a template. Its features are the caller's to give if the run has its own.
  Task task(const std::string& prompt_template) const {
    const GoldenClip& clip = GoldenClip::instance();
    Task task;
    task.dataset = "golden";
    task.class_names = class_names();
    task.new_class_names = new_class_names();
    task.prompt_template = prompt_template;
    task.tokenizer = clip.tokenizer;
    task.context_length = clip.model.context_length();
    task.text_blocks = clip.model.text_blocks();
    task.image_blocks = clip.model.image_blocks();
    if (!data_.empty()) task.train = train();
    task.text_encoder = clip.text_encoder;
    task.image_encoder = clip.image_encoder;
    task.logit_scale = clip.model.logit_scale();
    task.feature_width = clip.model.embedding_width();
    task.generator = seeded_generator(1, "init");
    task.device = golden_device();
    return task;
  }

  /// The run's optimiser and schedule, for one group of tensors.
  Recipe recipe() const {
    const nlohmann::json& optimiser = json_.at("optim");
    const std::string kind = optimiser.at("kind");
    Recipe recipe;
    recipe.epochs = json_.at("epochs");
    recipe.batch_size = json_.at("batch_size");
    set_schedule(recipe, optimiser.at("schedule"));
    recipe.optimiser = kind.starts_with("SGD")     ? OptimiserKind::sgd
                       : kind.starts_with("AdamW") ? OptimiserKind::adamw
                                                   : OptimiserKind::adam;
    if (recipe.optimiser != OptimiserKind::sgd) recipe.epsilon = optimiser.value("eps", recipe.epsilon);
    const double momentum = recipe.optimiser == OptimiserKind::sgd ? number_after("momentum", kind) : 0;
    recipe.groups = {{"", optimiser.at("lr"), momentum, number_after("weight_decay", kind)}};
    return recipe;
  }

 private:
  /// "cosine per step over 16 iterations to 1e-6, no warm-up", or per epoch with a first one that is
  /// constant.
  static void set_schedule(Recipe& recipe, const std::string& schedule) {
    if (!schedule.starts_with("cosine per step")) {
      recipe.warmup_learning_rate = number_after("constant", schedule);
      return;
    }
    recipe.pace = RatePace::step;
    recipe.warmup_epochs = 0;
    recipe.iterations = static_cast<int64_t>(number_after("over", schedule));
    recipe.end_learning_rate = number_after("to", schedule);
  }

  /// The number that follows a word in a description.
  static double number_after(const std::string& word, const std::string& text) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(word + " ([-+.0-9e]+)")))
      throw Error("\"" + text + "\" has no number after " + word);
    return std::stod(match[1]);
  }

  std::filesystem::path folder_;
  nlohmann::json json_;
  std::map<std::string, Tensor> tensors_, data_;
};

/// The golden runs of a method, by name.
inline std::vector<std::string> golden_runs_of(const std::string& method) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder() / "methods", missing)) {
    if (entry.path().extension() == ".json" && read_json(entry.path()).value("method", "") == method)
      names.push_back(entry.path().stem().string());
  }
  EXPECT_FALSE(names.empty()) << method << " has no golden run";
  std::sort(names.begin(), names.end());
  return names;
}

/// A learned tensor's name in promptbed, and the authors'.
using TensorNames = std::vector<std::pair<std::string, std::string>>;

/// A method of a real plugin beside its authors' code.
class GoldenLearner {
 public:
  GoldenLearner(const GoldenMethod& golden, const std::string& method, const Task& task,
                const OptionValues& values, TensorNames names)
      : golden_(golden), registry_(plugin_folders({})), names_(std::move(names)) {
    learner_ = registry_.create(registry_.at(method), registry_.options_of(registry_.at(method), values));
    learner_->resolve(task);
    takes_pixels_ = learner_->needs().pixels;
    learner_->bind(task);
    start_ = clones(learner_->trainable());
    learner_->load_state(of_authors("init."));
  }

  PromptLearner& learner() { return *learner_; }

  /// The trainable tensors as the method itself starts them.
  const NamedTensors& own_start() const { return start_; }

  /// The authors' tensors of one time ("init.", "final."), by promptbed's names.
  NamedTensors of_authors(const std::string& when) const {
    NamedTensors found;
    for (const auto& [name, theirs] : names_) found.emplace_back(name, golden_.at(when + theirs));
    return found;
  }

  /// Of the golden images and the classes served now.
  Tensor eval_logits() {
    const at::NoGradGuard no_gradients;
    Batch batch;
    (takes_pixels_ ? batch.pixels : batch.features) =
        takes_pixels_ ? golden_.eval_pixels() : golden_.eval_features();
    return learner_->logits(batch);
  }

  /// Expects the logits of the trained classes and, unless the method cannot serve them, of the new ones:
  /// those of "init" or "final". Serves the trained classes afterwards.
  void expect_logits(const std::string& when) {
    const Tensor logits = eval_logits();
    EXPECT_EQ(logits.device(), golden_device());
    EXPECT_LT(golden_distance(logits, golden_.at("eval_logits." + when)), kGoldenTolerance) << when;
    if (golden_.named("eval_logits." + when + "_new").empty()) return;
    learner_->retarget(golden_.new_class_names());
    EXPECT_LT(golden_distance(eval_logits(), golden_.at("eval_logits." + when + "_new")), kGoldenTolerance)
        << when << ", new classes";
    learner_->retarget(golden_.class_names());
  }

  /// Expects the gradients of the first step.
  void expect_first_gradients(int64_t batch_size) {
    const FeatureSet train = golden_.train();
    Batch batch;
    if (takes_pixels_) {
      batch.pixels = golden_.pixels()[0].narrow(0, 0, batch_size);
    } else {
      batch.features = train.features.select(1, 0).narrow(0, 0, batch_size);
    }
    batch.labels = train.labels.narrow(0, 0, batch_size);
    batch.images = at::arange(batch_size, torch::kLong).to(golden_device());
    batch.views = at::zeros_like(batch.images);
    learner_->backward(batch);
    const NamedTensors trainable = learner_->trainable();
    ASSERT_EQ(trainable.size(), names_.size());
    for (size_t i = 0; i < trainable.size(); ++i) {
      ASSERT_EQ(trainable[i].first, names_[i].first);
      EXPECT_LT(golden_distance(trainable[i].second.grad(), golden_.at("grad0." + names_[i].second)),
                kGoldenTolerance)
          << names_[i].first;
    }
  }

  /// Trains, and expects each step's loss, each epoch's rate (the first group's) if steps do not have rates
  /// of their own, and the final tensors.
  void expect_training(const Recipe& recipe) {
    FeatureSet train_set = golden_.train();
    if (takes_pixels_) train_set.features = Tensor();
    const StoredPixels pixels(takes_pixels_ ? golden_.pixels().cpu() : Tensor());
    ViewPerEpoch order(train_set.labels.size(0));
    std::vector<float> losses, rates;
    const auto epochs =
        train(*learner_, train_set, recipe, order,
              {.after_step = [&](const Tensor& loss) { losses.push_back(loss.item<float>()); },
               .pixels = takes_pixels_ ? &pixels : nullptr});
    EXPECT_LT(golden_distance(torch::tensor(losses), golden_.at("loss")), kGoldenTolerance);
    if (recipe.pace == RatePace::step) return expect_final_tensors();
    for (const EpochRecord& epoch : epochs)
      rates.insert(rates.end(), losses.size() / epochs.size(), static_cast<float>(epoch.learning_rate));
    Tensor expected = golden_.at("lr");
    if (expected.dim() == 2) expected = expected.select(1, 0);
    EXPECT_LT(golden_distance(torch::tensor(rates), expected.to(torch::kFloat)), 1e-9);
    expect_final_tensors();
  }

  void expect_final_tensors() {
    for (const auto& [name, tensor] : learner_->trainable()) {
      for (const auto& [ours, theirs] : of_authors("final.")) {
        if (ours != name) continue;
        EXPECT_LT(golden_distance(tensor, theirs), kGoldenTolerance) << name;
      }
    }
  }

  /// All of the above, in their order.
  void expect_the_authors_run(const Recipe& recipe) {
    expect_logits("init");
    expect_first_gradients(recipe.batch_size);
    expect_training(recipe);
    expect_logits("final");
  }

 private:
  static NamedTensors clones(const NamedTensors& tensors) {
    NamedTensors copies;
    for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
    return copies;
  }

  const GoldenMethod& golden_;
  MethodRegistry registry_;
  TensorNames names_;
  std::unique_ptr<PromptLearner> learner_;
  NamedTensors start_;
  bool takes_pixels_ = false;
};

}  // namespace promptbed::test
