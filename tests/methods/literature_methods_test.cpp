#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "methods/literature_method.h"

namespace promptbed {
namespace {

using test::LiteratureMethod;

TEST_F(LiteratureMethod, KgCoOpAddsEightTimesTheMeanSquaredDistance) {
  const auto learner = make_shifted("kgcoop");
  const Tensor context = copy_of_context(*learner);
  const Tensor classes = learned_features(context);
  const Tensor cosine = (classes * hand_written_features()).sum(-1);
  const Tensor expected = entropy(classes) + 8 * (2 - 2 * cosine).mean();
  EXPECT_NEAR(learner->backward(batch_).item<double>(), expected.item<double>(), 1e-4);
  EXPECT_TRUE(
      at::allclose(learner->trainable().at(0).second.grad(), gradient(expected, context), 1e-4, 1e-5));
}

TEST_F(LiteratureMethod, KgCoOpWithoutWeightIsCoOp) {
  const auto learner = make_shifted("kgcoop", {{"weight", "0"}}), coop = make_shifted("coop");
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
    const auto learner = make_shifted("prograd");
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
  const auto learner = make_shifted("clip_adapter");
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
    learner->retarget(task_.new_class_names);
    EXPECT_EQ(learner->logits(batch_).sizes(), (at::IntArrayRef{4, 2})) << name;
  }
}

}  // namespace
}  // namespace promptbed
