#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>

#include "methods/method_registry.h"
#include "support/mean_text_encoder.h"
#include "support/word_tokenizer.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

/// A method of the literature, from its plugin, on three classes, and the same numbers worked out without it.
class LiteratureMethod : public ::testing::Test {
 protected:
  LiteratureMethod() {
    task_.dataset = "zoo";
    task_.class_names = {"cat", "bear", "zebra"};
    task_.unseen_class_names = {"ox", "polar_bear"};
    task_.prompt_template = "an animal, {}.";
    task_.context_init = "a photo of a";
    task_.tokenizer = std::make_shared<test::WordTokenizer>();
    task_.context_length = 12;
    task_.text_encoder = std::make_shared<test::MeanTextEncoder>();
    task_.logit_scale = 10;
    task_.feature_width = 5;
    task_.generator = seeded_generator(1, "init");
    batch_.features = at::randn({4, 5}, seeded_generator(3, "images"));
    batch_.labels = torch::tensor({0, 2, 1, 1}, torch::kLong);
  }

  std::unique_ptr<PromptLearner> make(const std::string& name, const std::string& option = "",
                                      const std::string& value = "") {
    const Method& method = registry_.at(name);
    Options options = method.default_options();
    if (!option.empty()) options.set(option, std::string_view(value));
    auto learner = registry_.create(method, options);
    learner->resolve(task_);
    learner->bind(task_);
    // Away from where it starts.
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

TEST_F(LiteratureMethod, KgCoOpAddsEightTimesTheMeanSquaredDistance) {
  const auto learner = make("kgcoop");
  const Tensor context = copy_of_context(*learner);
  const Tensor classes = learned_features(context);
  const Tensor cosine = (classes * hand_written_features()).sum(-1);
  const Tensor expected = entropy(classes) + 8 * (2 - 2 * cosine).mean();
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(
      at::allclose(learner->trainable().at(0).second.grad(), gradient(expected, context), 1e-4, 1e-5));
}

TEST_F(LiteratureMethod, KgCoOpWithoutWeightIsCoOp) {
  const auto learner = make("kgcoop", "weight", "0"), coop = make("coop");
  EXPECT_TRUE(at::allclose(learner->loss(batch_), coop->loss(batch_)));
}

TEST_F(LiteratureMethod, KgCoOpTrainsAsItsPaperDoes) {
  const Recipe recipe = make("kgcoop")->recipe(task_);
  EXPECT_EQ(recipe.epochs, 100);
  EXPECT_EQ(recipe.batch_size, 128);
  EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.002);
}

TEST_F(LiteratureMethod, ProGradTakesAwayWhatGoesAgainstTheZeroShotPredictions) {
  int conflicts = 0, agreements = 0;
  for (const std::vector<int64_t>& labels :
       {std::vector<int64_t>{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {0, 2, 1, 1}}) {
    batch_.labels = torch::tensor(labels, torch::kLong);
    const auto learner = make("prograd");
    const Tensor context = copy_of_context(*learner);
    const Tensor own = gradient(entropy(learned_features(context)), context);
    const Tensor general = gradient(
        -(log_predictions(hand_written_features()).exp() * log_predictions(learned_features(context)))
             .sum(-1)
             .mean(),
        context);
    EXPECT_NEAR(learner->backward(batch_).item<double>(), entropy(learned_features(context)).item<double>(),
                1e-4);
    const Tensor aligned = learner->trainable().at(0).second.grad();
    if ((own * general).sum().item<double>() >= 0) {
      ++agreements;
      EXPECT_TRUE(at::allclose(aligned, own, 1e-4, 1e-5));
    } else {
      ++conflicts;
      const Tensor direction = general / general.norm();
      EXPECT_TRUE(at::allclose(aligned, own - (own * direction).sum() * direction, 1e-4, 1e-5));
      EXPECT_NEAR((aligned * direction).sum().item<double>(), 0, 1e-5);
    }
  }
  EXPECT_GT(conflicts, 0);
  EXPECT_GT(agreements, 0);
}

TEST_F(LiteratureMethod, ClipAdapterBlendsABottleneckIntoTheImageFeature) {
  const auto learner = make("clip_adapter");
  const NamedTensors weights = learner->trainable();
  ASSERT_EQ(weights.at(0).second.sizes(), (at::IntArrayRef{1, 5}));
  ASSERT_EQ(weights.at(1).second.sizes(), (at::IntArrayRef{5, 1}));
  const Tensor first = weights.at(0).second.detach().clone().requires_grad_();
  const Tensor second = weights.at(1).second.detach();
  const Tensor hidden = batch_.features.matmul(first.t()).clamp_min(0);
  const Tensor images = 0.2 * hidden.matmul(second.t()).clamp_min(0) + 0.8 * batch_.features;
  const Tensor logits = 10 * normalised(images).matmul(hand_written_features().t());
  EXPECT_TRUE(at::allclose(learner->logits(batch_), logits, 1e-4, 1e-5));
  const Tensor expected = -logits.log_softmax(-1).gather(1, batch_.labels.unsqueeze(1)).mean();
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(weights.at(0).second.grad(), gradient(expected, first), 1e-4, 1e-5));
}

TEST_F(LiteratureMethod, AllServeOtherClasses) {
  for (const char* name : {"kgcoop", "prograd", "clip_adapter"}) {
    const auto learner = make(name);
    learner->retarget(task_.unseen_class_names);
    EXPECT_EQ(learner->logits(batch_).sizes(), (at::IntArrayRef{4, 2})) << name;
  }
}

}  // namespace
}  // namespace promptbed
