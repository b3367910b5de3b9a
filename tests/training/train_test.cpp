#include "training/train.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/signals.h"
#include "support/expect_error.h"
#include "training/mean_learner.h"
#include "training/points_in_memory.h"

namespace promptbed {
namespace {

using test::MeanLearner;

constexpr int64_t kWidth = 3;

/// N images in V views, no two features alike; the label of image i is i.
FeatureSet features(int64_t images, int64_t views) {
  return {at::arange(images * views * kWidth, torch::kFloat).div_(10).view({images, views, kWidth}),
          at::arange(images, torch::kLong)};
}

Recipe recipe_of(int64_t epochs, int64_t batch_size) {
  Recipe recipe;
  recipe.epochs = epochs;
  recipe.batch_size = batch_size;
  recipe.groups = {{"", 0.1, 0.5, 0}};
  return recipe;
}

/// The same rows in every epoch.
class FixedOrder final : public EpochOrder {
 public:
  FixedOrder(const std::vector<int64_t>& images, const std::vector<int64_t>& views)
      : rows_{torch::tensor(images), torch::tensor(views)} {}
  EpochRows rows(int64_t) override { return rows_; }

 private:
  EpochRows rows_;
};

TEST(Train, ShowsTheRowsAndViewsOfTheOrder) {
  const FeatureSet data = features(4, 2);
  FixedOrder order({3, 0, 2, 1}, {1, 0, 0, 1});
  MeanLearner learner(kWidth);
  train(learner, data, recipe_of(1, 2), order);
  ASSERT_EQ(learner.batches().size(), 2u);
  const Batch& batch = learner.batches()[0];
  EXPECT_TRUE(at::equal(batch.features, at::stack({data.features[3][1], data.features[0][0]})));
  EXPECT_TRUE(at::equal(batch.labels, torch::tensor({3, 0}, torch::kLong)));
  EXPECT_TRUE(at::equal(batch.images, torch::tensor({3, 0}, torch::kLong)));
  EXPECT_TRUE(at::equal(batch.views, torch::tensor({1, 0}, torch::kLong)));
  EXPECT_TRUE(at::equal(learner.batches()[1].labels, torch::tensor({2, 1}, torch::kLong)));
}

/// Of one epoch.
std::vector<int64_t> batch_sizes(int64_t images, const Recipe& recipe) {
  GivenOrder order(images);
  MeanLearner learner(kWidth);
  train(learner, features(images, 1), recipe, order);
  std::vector<int64_t> sizes;
  for (const Batch& batch : learner.batches()) sizes.push_back(batch.labels.size(0));
  return sizes;
}

TEST(Train, DropsTheLastSmallerBatchUnlessItIsTheOnlyOne) {
  EXPECT_EQ(batch_sizes(8, recipe_of(1, 4)), (std::vector<int64_t>{4, 4}));
  EXPECT_EQ(batch_sizes(7, recipe_of(1, 3)), (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(batch_sizes(5, recipe_of(1, 32)), (std::vector<int64_t>{5}));
}

TEST(Train, KeepsTheLastSmallerBatchWhereTheRecipeSaysSo) {
  const auto sizes = [](int64_t images, int64_t batch_size) {
    Recipe recipe = recipe_of(1, batch_size);
    recipe.keeps_last_batch = true;
    return batch_sizes(images, recipe);
  };
  EXPECT_EQ(sizes(8, 4), (std::vector<int64_t>{4, 4}));
  EXPECT_EQ(sizes(7, 3), (std::vector<int64_t>{3, 3, 1}));
  EXPECT_EQ(sizes(5, 32), (std::vector<int64_t>{5}));
}

TEST(Train, MovesTheRateFromStepToStepWhereTheRecipeSaysSo) {
  Recipe recipe = recipe_of(2, 2);
  recipe.warmup_epochs = 0;
  recipe.pace = RatePace::step;
  GivenOrder order(4);
  MeanLearner learner(kWidth);
  const auto epochs = train(learner, features(4, 1), recipe, order);
  EXPECT_NEAR(epochs.at(0).learning_rate, 0.0853553391, 1e-9) << "0.1 (1 + cos(pi / 4)) / 2, the last step's";
  EXPECT_NEAR(epochs.at(1).learning_rate, 0.0146446609, 1e-9);
}

TEST(Train, EndsInTheMiddleOfAnEpochWhereTheBudgetOfStepsDoes) {
  Recipe recipe = recipe_of(100, 2);
  recipe.iterations = 5;
  recipe.pace = RatePace::step;
  recipe.warmup_epochs = 0;
  GivenOrder order(6);
  MeanLearner learner(kWidth);
  std::vector<double> losses;
  const auto epochs =
      train(learner, features(6, 1), recipe, order,
            {.after_step = [&](const Tensor& loss) { losses.push_back(loss.item<double>()); }});
  ASSERT_EQ(losses.size(), 5u) << "three steps of the first epoch and two of the second";
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_NEAR(epochs[1].loss, (losses[3] + losses[4]) / 2, 1e-5) << "the mean over the steps that were made";
  EXPECT_NEAR(epochs[1].learning_rate, 0.1 * (1 + std::cos(M_PI * 4 / 5)) / 2, 1e-12)
      << "the cosine spans the five";
  EXPECT_EQ(learner.ends(), (std::vector<std::pair<int64_t, int64_t>>{{0, 2}, {1, 2}}));
}

TEST(Train, FindsTheMinimum) {
  const FeatureSet data = features(4, 1);
  GivenOrder order(4);
  MeanLearner learner(kWidth);
  train(learner, data, recipe_of(100, 4), order);
  EXPECT_TRUE(at::allclose(learner.mean(), data.features.flatten(0, 1).mean(0), 1e-3));
}

TEST(Train, TellsHowEachEpochWent) {
  GivenOrder order(4);
  MeanLearner learner(kWidth);
  std::vector<double> losses;
  const auto epochs =
      train(learner, features(4, 1), recipe_of(3, 2), order,
            {.after_step = [&](const Tensor& loss) { losses.push_back(loss.item<double>()); }});
  ASSERT_EQ(epochs.size(), 3u);
  ASSERT_EQ(losses.size(), 6u);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(epochs[i].epoch, i);
    EXPECT_NEAR(epochs[i].loss, (losses[2 * i] + losses[2 * i + 1]) / 2, 1e-5);
    EXPECT_GE(epochs[i].seconds, 0);
  }
  EXPECT_EQ(epochs[0].learning_rate, 1e-5);
  EXPECT_EQ(epochs[1].learning_rate, 0.1);
  EXPECT_EQ(learner.ends(), (std::vector<std::pair<int64_t, int64_t>>{{0, 3}, {1, 3}, {2, 3}}));
}

TEST(Train, StopsWhereTheLossIsNotFinite) {
  FeatureSet data = features(4, 1);
  data.features[2] = std::numeric_limits<float>::infinity();
  GivenOrder order(4);
  MeanLearner learner(kWidth);
  EXPECT_ERROR(train(learner, data, recipe_of(3, 2), order),
               "the loss is inf in epoch 1 of 3; lower the learning rate with --lr");
}

TEST(Train, RefusesToTrainOnNothing) {
  GivenOrder order(0);
  MeanLearner learner(kWidth);
  EXPECT_ERROR(train(learner, features(0, 1), recipe_of(1, 32), order),
               "cannot train on 0 images in batches of 32");
  EXPECT_ERROR(train(learner, features(3, 1), recipe_of(1, 0), order),
               "cannot train on 3 images in batches of 0");
}

TEST(Train, GivesTheSameBitsForTheSameSeed) {
  const auto trained = [](uint64_t seed) {
    ShuffledOrder order(20, 3, seed);
    MeanLearner learner(kWidth);
    train(learner, features(20, 3), recipe_of(4, 8), order);
    return learner.mean().detach();
  };
  EXPECT_TRUE(at::equal(trained(1), trained(1)));
  EXPECT_FALSE(at::equal(trained(1), trained(2)));
}

/// Learns a mean, and keeps the mean of what it learned after each epoch, which it takes over at the end.
class Averaging final : public MeanLearner {
 public:
  explicit Averaging(int64_t width) : MeanLearner(width), sum_(at::zeros({width})) {}

  void epoch_end(int64_t epoch, int64_t epochs) override {
    const at::NoGradGuard no_gradients;
    sum_.add_(mean());
    if (epoch + 1 == epochs) Tensor(mean()).copy_(sum_ / epochs);
  }
  NamedTensors training_state() override { return {{"sum", sum_}}; }

 private:
  Tensor sum_;
};

struct Training {
  Tensor mean;
  std::vector<EpochRecord> epochs;
};

Training train_with(TrainingKeeper& keeper, OptimiserKind optimiser) {
  constexpr int64_t kImages = 7, kViews = 2;
  Recipe recipe = recipe_of(3, 2);
  recipe.optimiser = optimiser;
  Averaging learner(kWidth);
  ShuffledOrder order(kImages, kViews, 5);
  auto epochs = train(learner, features(kImages, kViews), recipe, order, {.keeper = &keeper});
  return {learner.mean().detach().clone(), std::move(epochs)};
}

TEST(Train, GoesOnFromAnyStepToTheSameBits) {
  for (const OptimiserKind optimiser : {OptimiserKind::sgd, OptimiserKind::adam, OptimiserKind::adamw}) {
    PointsInMemory all;
    const Training whole = train_with(all, optimiser);
    ASSERT_EQ(all.points().size(), 9u) << "one before each step";
    for (const TrainingPoint& point : all.points()) {
      PointsInMemory one(point);
      const Training rest = train_with(one, optimiser);
      EXPECT_TRUE(at::equal(rest.mean, whole.mean)) << point.epoch << " " << point.step;
      ASSERT_EQ(rest.epochs.size(), whole.epochs.size());
      for (size_t i = 0; i < whole.epochs.size(); ++i) {
        EXPECT_EQ(rest.epochs[i].loss, whole.epochs[i].loss) << i;
        EXPECT_EQ(rest.epochs[i].learning_rate, whole.epochs[i].learning_rate) << i;
      }
    }
  }
}

/// Keeps only what it is given when a training is interrupted.
class WhenInterrupted final : public TrainingKeeper {
 public:
  std::optional<TrainingPoint> earlier() override { return std::exchange(point_, std::nullopt); }
  bool is_due() override { return false; }
  void keep(const TrainingPoint& point) override { point_ = point; }

 private:
  std::optional<TrainingPoint> point_;
};

TEST(Train, KeepsAPointWhereverItIsInterrupted) {
  /// Draws noise, and is interrupted in the middle of its n-th step.
  class Noisy final : public MeanLearner {
   public:
    Noisy(torch::Generator generator, int64_t steps)
        : MeanLearner(kWidth), generator_(std::move(generator)), steps_(steps) {}
    Tensor loss(const Batch& batch) override {
      const Tensor noise = at::rand({kWidth}, generator_);
      if (steps_-- == 0) throw Interrupted();
      return (mean() * noise - batch.features).square().mean();
    }

   private:
    torch::Generator generator_;
    int64_t steps_;
  };
  constexpr int64_t kNever = -1;
  const auto train_once = [&](TrainingKeeper& keeper, int64_t steps, int64_t epochs) {
    const torch::Generator generator = seeded_generator(3, "init");
    Noisy learner(generator, steps);
    ShuffledOrder order(6, 1, 5);
    const auto after_epoch = [&](const EpochRecord& epoch) {
      if (epoch.epoch == epochs) throw Interrupted();
    };
    train(learner, features(6, 1), recipe_of(3, 2), order,
          {.after_epoch = after_epoch, .keeper = &keeper, .generator = generator});
    return learner.mean().detach().clone();
  };
  WhenInterrupted unused;
  const Tensor whole = train_once(unused, kNever, kNever);
  for (int64_t step = 0; step < 9; ++step) {
    WhenInterrupted keeper;
    EXPECT_THROW(train_once(keeper, step, kNever), Interrupted);
    EXPECT_TRUE(at::equal(train_once(keeper, kNever, kNever), whole)) << "in step " << step;
  }
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    WhenInterrupted keeper;
    EXPECT_THROW(train_once(keeper, kNever, epoch), Interrupted);
    EXPECT_TRUE(at::equal(train_once(keeper, kNever, kNever), whole)) << "after epoch " << epoch;
  }
}

TEST(Train, ShowsThePixelsThatAreLeftOfAnEpoch) {
  constexpr int64_t kImages = 6;
  const StoredPixels pixels(at::arange(kImages * 12, torch::kFloat).view({1, kImages, 3, 2, 2}));
  const auto shown_from = [&](PointsInMemory keeper) {
    FeatureSet labels;
    labels.labels = at::arange(kImages, torch::kLong);
    std::vector<Tensor> shown;
    class Looker final : public MeanLearner {
     public:
      explicit Looker(std::vector<Tensor>& shown) : MeanLearner(12), shown_(shown) {}
      Tensor loss(const Batch& batch) override {
        shown_.push_back(batch.pixels);
        return (mean() - batch.pixels.flatten(1)).square().mean();
      }

     private:
      std::vector<Tensor>& shown_;
    } learner(shown);
    ShuffledOrder order(kImages, 1, 5);
    train(learner, labels, recipe_of(2, 2), order, {.pixels = &pixels, .keeper = &keeper});
    return std::pair(shown, keeper.points());
  };
  const auto [all, points] = shown_from(PointsInMemory());
  const auto [rest, none] = shown_from(PointsInMemory(points.at(4)));
  ASSERT_EQ(all.size(), 6u);
  ASSERT_EQ(rest.size(), 2u);
  for (size_t i = 0; i < rest.size(); ++i) EXPECT_TRUE(at::equal(rest[i], all[4 + i])) << i;
}

TEST(Train, RefusesAPointOfAnotherLearner) {
  PointsInMemory all;
  train_with(all, OptimiserKind::sgd);
  for (const bool missing : {true, false}) {
    TrainingPoint point = all.points().at(4);
    auto& mean = *std::ranges::find(point.tensors, "trainable.mean", &NamedTensors::value_type::first);
    if (missing) {
      mean.first = "trainable.other";
    } else {
      mean.second = at::zeros({kWidth + 1});
    }
    PointsInMemory one(point);
    EXPECT_ERROR(train_with(one, OptimiserKind::sgd),
                 missing ? "the run's checkpoint has no tensor trainable.mean; delete it and train anew"
                         : "mean has another shape in the run's checkpoint; delete it and train anew");
  }
}

}  // namespace
}  // namespace promptbed
