#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "methods/method_registry.h"
#include "support/mean_text_encoder.h"
#include "support/word_tokenizer.h"
#include "training/epoch_order.h"

namespace promptbed::test {

/// A method of the literature, from its plugin, on three classes, and the same numbers worked out without it.
class LiteratureMethod : public ::testing::Test {
 protected:
  LiteratureMethod() {
    task_.dataset = "zoo";
    task_.class_names = {"cat", "bear", "zebra"};
    task_.new_class_names = {"ox", "polar_bear"};
    task_.prompt_template = "an animal, {}.";
    task_.context_init = "a photo of a";
    task_.tokenizer = std::make_shared<WordTokenizer>();
    task_.context_length = 24;
    task_.text_encoder = std::make_shared<MeanTextEncoder>();
    task_.logit_scale = 10;
    task_.feature_width = 5;
    task_.generator = seeded_generator(1, "init");
    batch_.features = at::randn({4, 5}, seeded_generator(3, "images"));
    batch_.labels = torch::tensor({0, 2, 1, 1}, torch::kLong);
  }

  /// Images of three classes near three centres [5], by default with much noise.
  static FeatureSet noisy_images(int64_t per_class, int64_t views, uint64_t seed, double noise = 1) {
    const Tensor labels = at::arange(3, torch::kLong).repeat({per_class});
    const Tensor centres = at::randn({3, 5}, seeded_generator(7, "centres"));
    const Tensor shifts = at::randn({3 * per_class, views, 5}, seeded_generator(seed, "noise"));
    return {centres.index_select(0, labels).unsqueeze(1) + noise * shifts, labels};
  }

  /// An instance bound to the task.
  std::unique_ptr<PromptLearner> make(const std::string& name,
                                      const std::map<std::string, std::string>& values = {}) {
    const Method& method = registry_.at(name);
    Options options = registry_.options_of(method);
    for (const auto& [option, value] : values) options.set(option, std::string_view(value));
    auto learner = registry_.create(method, options);
    learner->resolve(task_);
    learner->bind(task_);
    return learner;
  }

  /// The same, away from where it starts.
  std::unique_ptr<PromptLearner> make_shifted(const std::string& name,
                                              const std::map<std::string, std::string>& values = {}) {
    auto learner = make(name, values);
    const at::NoGradGuard no_grad;
    for (const auto& [key, tensor] : learner->trainable())
      Tensor(tensor).add_(at::randn(tensor.sizes(), seeded_generator(5, "shift")));
    return learner;
  }

  Tensor embed(const std::vector<int64_t>& tokens) const { return task_.text_encoder->embed(tokens); }

  /// Class features [K, D] of [SOS] context name . [EOS], names as numbers of letters.
  Tensor learned_features(const Tensor& context) const {
    std::vector<Tensor> rows;
    for (const int64_t letters : {3, 4, 5}) {
      const PromptBatch prompt{at::cat({embed({28}), context}).unsqueeze(0), embed({letters, 0, 29}), {3}};
      rows.push_back(task_.text_encoder->encode(prompt).flatten());
    }
    return normalised(at::stack(rows));
  }

  /// Class features [K, D] of "an animal, NAME."
  Tensor hand_written_features() const {
    std::vector<Tensor> rows;
    for (const int64_t letters : {3, 4, 5}) {
      const PromptBatch prompt{embed({28}).unsqueeze(0), embed({2, 7, letters, 0, 29}), {5}};
      rows.push_back(task_.text_encoder->encode(prompt).flatten());
    }
    return normalised(at::stack(rows));
  }

  Tensor log_predictions(const Tensor& classes) const {
    return (10 * normalised(batch_.features).matmul(classes.t())).log_softmax(-1);
  }

  Tensor entropy(const Tensor& classes) const {
    return -log_predictions(classes).gather(1, batch_.labels.unsqueeze(1)).mean();
  }

  /// The learner's context as a leaf of its own.
  static Tensor copy_of_context(PromptLearner& learner) {
    return learner.trainable().at(0).second.detach().clone().requires_grad_();
  }

  static Tensor gradient(const Tensor& value, const Tensor& leaf) {
    leaf.mutable_grad() = Tensor();
    value.backward();
    return leaf.grad().clone();
  }

  MethodRegistry registry_{plugin_folders({})};
  Task task_;
  Batch batch_;
};

}  // namespace promptbed::test
