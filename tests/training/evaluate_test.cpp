#include "training/evaluate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "training/mean_learner.h"

namespace promptbed {
namespace {

/// Takes the features for logits, and keeps the rows that it is asked for.
class Mirror final : public test::MeanLearner {
 public:
  explicit Mirror(bool with_gradients) : MeanLearner(3), with_gradients_(with_gradients) {}

  Needs needs() const override {
    Needs needs;
    needs.gradients_at_evaluation = with_gradients_;
    return needs;
  }

  Tensor logits(const Batch& batch) override {
    EXPECT_EQ(at::GradMode::is_enabled(), with_gradients_);
    EXPECT_FALSE(batch.labels.defined()) << "the true labels are not the learner's to see";
    EXPECT_EQ(batch.images.sizes(), at::IntArrayRef({batch.features.size(0)}));
    images.push_back(batch.images);
    return batch.features;
  }

  std::vector<Tensor> images;

 private:
  bool with_gradients_;
};

/// N images of three classes: image i has its highest logit for class i mod 3, and label i mod 2.
FeatureSet test_set(int64_t images) {
  const Tensor i = at::arange(images);
  return {at::one_hot(i.remainder(3), 3).to(torch::kFloat).unsqueeze(1), i.remainder(2)};
}

TEST(Evaluate, PredictsTheClassOfTheHighestLogitForEveryImage) {
  for (const int64_t images : {1, 100, 250}) {
    Mirror learner(/*with_gradients=*/false);
    const Predictions predictions = evaluate(learner, {test_set(images)});
    ASSERT_EQ(static_cast<int64_t>(predictions.predicted.size()), images);
    ASSERT_EQ(static_cast<int64_t>(predictions.labels.size()), images);
    for (int64_t i = 0; i < images; ++i) {
      EXPECT_EQ(predictions.predicted[i], i % 3);
      EXPECT_EQ(predictions.labels[i], i % 2);
    }
    EXPECT_TRUE(at::equal(at::cat(learner.images), at::arange(images)));
  }
}

TEST(Evaluate, SaysHowSureEachPredictionIs) {
  Mirror learner(/*with_gradients=*/false);
  const std::vector<double> confidence = evaluate(learner, {test_set(3)}).confidence;
  ASSERT_EQ(confidence.size(), 3u);
  for (const double one : confidence) EXPECT_DOUBLE_EQ(one, std::exp(1.0) / (std::exp(1.0) + 2));
}

TEST(Evaluate, IsNeverCertainBelowThePrecisionOfTheProbabilities) {
  Mirror learner(/*with_gradients=*/false);
  const FeatureSet sure = {at::tensor({30.f, 0.f, 0.f}).view({1, 1, 3}), at::zeros({1}, torch::kLong)};
  EXPECT_LT(evaluate(learner, {sure}).confidence.at(0), 1) << "in single precision it would be 1";
}

TEST(EvaluateUnion, TellsBaseFromNewAndClassifiesWithinTheTrueHalf) {
  Mirror learner(/*with_gradients=*/false);
  // The first class is a base one. An image of it that looks new, one of class 1, and one of 2 that looks
  // like 0.
  const Tensor logits = at::tensor({0.f, 3.f, 1.f, 0.f, 2.f, 1.f, 4.f, 1.f, 2.f}).view({3, 1, 3});
  const UnionPredictions both =
      evaluate_union(learner, {.set = {logits, at::tensor({0, 1, 2}, torch::kLong)}}, 1);
  EXPECT_EQ(both.predicted, (std::vector<int64_t>{1, 1, 0}));
  EXPECT_EQ(both.own_half, (std::vector<int64_t>{0, 1, 2}));
  const Tensor probabilities = logits.select(1, 0).to(torch::kDouble).softmax(-1);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_DOUBLE_EQ(both.base_score[static_cast<size_t>(i)], probabilities[i][0].item<double>());
    EXPECT_DOUBLE_EQ(both.confidence[static_cast<size_t>(i)], probabilities[i].max().item<double>());
  }
}

TEST(Evaluate, RecordsGradientsOnlyForALearnerThatNeedsThem) {
  Mirror learner(/*with_gradients=*/true);
  EXPECT_EQ(evaluate(learner, {test_set(3)}).predicted, (std::vector<int64_t>{0, 1, 2}));
}

/// Takes an image for class 0 until it has seen so many, and for class 1 then.
class Follower final : public test::MeanLearner {
 public:
  Follower() : MeanLearner(2) {}

  Tensor logits(const Batch& batch) override {
    std::vector<Tensor> rows;
    for (const Tensor& image : batch.images.unbind()) {
      order.push_back(image.item<int64_t>());
      rows.push_back(at::one_hot(torch::tensor(order.size() > 150 ? 1 : 0), 2));
    }
    return at::stack(rows).to(torch::kFloat);
  }

  std::vector<int64_t> order;
};

TEST(Evaluate, ShowsAnOnlineMethodAStreamAndListsTheImagesInOrder) {
  const FeatureSet set = {at::zeros({200, 1, 2}), at::zeros({200}, torch::kLong)};
  const auto followed = [&](uint64_t seed) {
    Follower learner;
    const Predictions predictions = evaluate(learner, {.set = set, .stream = seed});
    for (size_t place = 0; place < learner.order.size(); ++place)
      EXPECT_EQ(predictions.predicted.at(static_cast<size_t>(learner.order[place])), place >= 150 ? 1 : 0);
    return learner.order;
  };
  std::vector<int64_t> first = followed(1);
  EXPECT_EQ(first, followed(1)) << "the seed decides";
  EXPECT_NE(first, followed(2));
  std::ranges::sort(first);
  for (int64_t i = 0; i < 200; ++i) EXPECT_EQ(first.at(static_cast<size_t>(i)), i) << "each image once";
}

/// Takes the sum of an image's crops for logits.
class Cropped final : public test::MeanLearner {
 public:
  Cropped() : MeanLearner(3) {}
  Needs needs() const override { return {.views_at_test = 2}; }
  Tensor logits(const Batch& batch) override {
    EXPECT_TRUE(at::equal(batch.views_at_test.select(1, 0), batch.features)) << "the centre comes first";
    return batch.views_at_test.sum(1);
  }
};

TEST(Evaluate, GivesTheCropsThatAMethodAsksFor) {
  Cropped learner;
  const Tensor views = at::randn({120, 3, 3});
  const Predictions predictions = evaluate(learner, {.set = {views, at::zeros({120}, torch::kLong)}});
  EXPECT_TRUE(at::equal(torch::tensor(predictions.predicted), views.sum(1).argmax(-1)));
  Mirror other(/*with_gradients=*/false);
  EXPECT_TRUE(
      at::equal(torch::tensor(evaluate(other, {.set = {views, at::zeros({120}, torch::kLong)}}).predicted),
                views.select(1, 0).argmax(-1)))
      << "a method that asks for none sees the centre";
}

TEST(Ranking, HasTheMostLikelyClassesFirstWithTheirSoftmax) {
  Mirror learner(/*with_gradients=*/false);
  const Tensor logits = at::tensor({1.f, 3.f, 2.f, 0.f, 0.f, 5.f}).view({2, 3});
  const Ranking ranking = rank(learner, {.set = {logits.unsqueeze(1), at::zeros({2}, torch::kLong)}}, 2);
  EXPECT_TRUE(at::equal(ranking.classes, at::tensor({1, 2, 2, 0}, torch::kLong).view({2, 2})));
  EXPECT_TRUE(at::allclose(ranking.probabilities, logits.softmax(-1).gather(1, ranking.classes)));
}

TEST(Ranking, BeginsWithWhatIsPredictedAndHasAllOfFewClasses) {
  Mirror learner(/*with_gradients=*/false);
  const FeatureSet test = test_set(250);
  const Ranking ranking = rank(learner, {test}, 5);
  EXPECT_EQ(ranking.classes.sizes(), at::IntArrayRef({250, 3}));
  const std::vector<int64_t> predicted = evaluate(learner, {test}).predicted;
  EXPECT_TRUE(at::equal(ranking.classes.select(1, 0), torch::tensor(predicted)));
}

TEST(Ranking, PutsTheFirstOfEqualClassesFirst) {
  Mirror learner(/*with_gradients=*/false);
  const Ranking ranking = rank(learner, {.set = {at::zeros({1, 1, 40}), at::zeros({1}, torch::kLong)}}, 40);
  EXPECT_TRUE(at::equal(ranking.classes, at::arange(40).unsqueeze(0)));
}

}  // namespace
}  // namespace promptbed
