#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// Tip-Adapter on six images in two views.
class TipAdapter : public test::LiteratureMethod {
 protected:
  TipAdapter() {
    task_.train = noisy_images(2, /*views=*/2, 11);
    task_.validation = noisy_images(10, /*views=*/1, 12);
  }

  Tensor keys() const {
    const Tensor means = (task_.train.features.select(1, 0) + task_.train.features.select(1, 1)) / 2;
    return means / means.square().sum(-1, true).sqrt();
  }

  /// 10 f W^T + alpha sum_n exp(-beta (1 - f . key_n)) [label_n = k], for features [B, D].
  Tensor expected_logits(const Tensor& features, const Tensor& keys, double alpha, double beta) const {
    const Tensor images = normalised(features);
    const Tensor affinities = (-beta * (1 - images.matmul(keys.t()))).exp();
    std::vector<Tensor> votes;
    for (int64_t label = 0; label < 3; ++label)
      votes.push_back((affinities * task_.train.labels.eq(label).to(torch::kFloat)).sum(-1));
    return 10 * images.matmul(hand_written_features().t()) + alpha * at::stack(votes, 1);
  }

  struct Mixture {
    double alpha, beta;
  };

  /// The first of 200 betas from 0.1 to 7 by 20 alphas from 0.1 to 3 with most validation images right.
  Mixture searched(const Tensor& keys) const {
    Mixture best{1.17, 1};
    int64_t most = 0;
    for (int i = 0; i < 200; ++i) {
      for (int j = 0; j < 20; ++j) {
        const Mixture tried{0.1 + 0.145 * j, 0.1 + 0.0345 * i};
        const int64_t correct =
            expected_logits(task_.validation.features.select(1, 0), keys, tried.alpha, tried.beta)
                .argmax(-1)
                .eq(task_.validation.labels)
                .sum()
                .item<int64_t>();
        if (correct > most) {
          most = correct;
          best = tried;
        }
      }
    }
    return best;
  }

  static Mixture mixture_of(PromptLearner& learner) {
    const NamedTensors state = learner.state();
    return {state.at(2).second.item<double>(), state.at(3).second.item<double>()};
  }

  void expect_mixture(PromptLearner& learner, const Mixture& expected) {
    EXPECT_NEAR(mixture_of(learner).alpha, expected.alpha, 1e-5);
    EXPECT_NEAR(mixture_of(learner).beta, expected.beta, 1e-5);
  }
};

TEST_F(TipAdapter, AddsTheCachesVotesToZeroShot) {
  const auto learner = make("tip_adapter", {{"alpha", "1.5"}, {"beta", "5.5"}, {"search", "false"}});
  EXPECT_TRUE(learner->fit(task_.train, task_.validation));
  EXPECT_TRUE(
      at::allclose(learner->logits(batch_), expected_logits(batch_.features, keys(), 1.5, 5.5), 1e-4, 1e-5));
}

TEST_F(TipAdapter, TakesTheFirstMixtureWithMostValidationImagesRight) {
  const auto learner = make("tip_adapter");
  expect_mixture(*learner, {1.17, 1});
  learner->fit(task_.train, task_.validation);
  const Mixture best = searched(keys());
  EXPECT_GT(best.beta, 0.1) << "the first of all would not show the search";
  expect_mixture(*learner, best);
  EXPECT_TRUE(at::allclose(learner->logits(batch_),
                           expected_logits(batch_.features, keys(), best.alpha, best.beta), 1e-4, 1e-5));
}

TEST_F(TipAdapter, WithoutValidationImagesTheMixtureStays) {
  task_.validation = noisy_images(0, 1, 12);
  const auto learner = make("tip_adapter");
  EXPECT_TRUE(learner->fit(task_.train, task_.validation));
  expect_mixture(*learner, {1.17, 1});
}

TEST_F(TipAdapter, DatasetsOfThePaperHaveTheirAuthorsSettings) {
  task_.dataset = "oxford_flowers";
  const Method& method = registry_.at("tip_adapter");
  const Options settled = registry_.create(method, method.default_options())->resolve(task_);
  EXPECT_EQ(settled.real("alpha"), 10);
  EXPECT_EQ(settled.real("beta"), 1);
  EXPECT_EQ(settled.real("alpha_scale"), 50);
  EXPECT_EQ(settled.real("beta_scale"), 50);
  EXPECT_EQ(registry_.create(method, settled)->resolve(task_).values(), settled.values());
}

TEST_F(TipAdapter, RefusesRangesThatAreEmpty) {
  EXPECT_ERROR(make("tip_adapter", {{"beta_scale", "0.05"}}),
               "tip_adapter: beta_scale 0.05: give a number above 0.1, or 0");
  EXPECT_ERROR(make("tip_adapter_f", {{"alpha", "-2"}}), "alpha -2: give a number above 0, or 0");
  EXPECT_ERROR(make("tip_adapter", {{"alpha", "1e39"}}), "alpha 1e+39: give 1000000 or less");
}

TEST_F(TipAdapter, FineTuningMovesTheKeysAlongTheCrossEntropy) {
  const auto learner = make_shifted("tip_adapter_f");
  ASSERT_EQ(learner->trainable().size(), 1u);
  const Tensor moved = learner->trainable().at(0).second.detach().clone().requires_grad_();
  const Tensor logits = expected_logits(batch_.features, moved, 1.17, 1);
  const Tensor expected = -logits.log_softmax(-1).gather(1, batch_.labels.unsqueeze(1)).mean();
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(learner->trainable().at(0).second.grad(), gradient(expected, moved), 1e-4, 1e-6));
}

TEST_F(TipAdapter, FineTuningStartsFromTheCacheAndSearchesWhenItEnds) {
  const auto learner = make("tip_adapter_f");
  EXPECT_TRUE(at::allclose(learner->trainable().at(0).second, keys()));
  EXPECT_FALSE(learner->fit(task_.train, task_.validation));
  const auto moved = make_shifted("tip_adapter_f");
  moved->epoch_end(18, 20);
  expect_mixture(*moved, {1.17, 1});
  moved->epoch_end(19, 20);
  expect_mixture(*moved, searched(moved->trainable().at(0).second.detach()));
}

TEST_F(TipAdapter, FineTuningHasTheAuthorsRecipe) {
  const Recipe recipe = make("tip_adapter_f")->recipe(task_);
  EXPECT_EQ(recipe.epochs, 20);
  EXPECT_EQ(recipe.batch_size, 256);
  EXPECT_EQ(recipe.optimiser, OptimiserKind::adamw);
  EXPECT_EQ(recipe.epsilon, 1e-4);
  EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.001);
  EXPECT_EQ(recipe.groups.at(0).weight_decay, 0.01);
  EXPECT_EQ(recipe.warmup_epochs, 0);
  EXPECT_EQ(recipe.pace, RatePace::step);
  task_.dataset = "eurosat";
  EXPECT_EQ(make("tip_adapter_f")->recipe(task_).epochs, 100);
}

TEST_F(TipAdapter, ASavedStateBringsItsOwnCache) {
  for (const char* name : {"tip_adapter", "tip_adapter_f"}) {
    const auto learner = make_shifted(name);
    learner->fit(task_.train, task_.validation);
    learner->epoch_end(19, 20);
    const Tensor logits = learner->logits(batch_);
    const FeatureSet train = std::exchange(task_.train, noisy_images(1, 2, 13));
    const auto loaded = make(name);
    task_.train = train;
    EXPECT_FALSE(at::allclose(loaded->logits(batch_), logits)) << name;
    loaded->load_state(learner->state());
    EXPECT_TRUE(at::equal(loaded->logits(batch_), logits)) << name;
  }
}

TEST_F(TipAdapter, ServesTrainedClassesOnly) {
  for (const char* name : {"tip_adapter", "tip_adapter_f"}) {
    const auto learner = make(name);
    const Tensor all = learner->logits(batch_);
    learner->retarget({"zebra", "cat"});
    EXPECT_TRUE(
        at::allclose(learner->logits(batch_), at::stack({all.select(1, 2), all.select(1, 0)}, 1), 1e-5));
    EXPECT_THROW(learner->retarget({"cat", "ox"}), NotTransferable);
    EXPECT_ERROR(learner->retarget(task_.new_class_names),
                 std::string(name) + ": has no cached images for classes that it was not trained on");
  }
}

}  // namespace
}  // namespace promptbed
