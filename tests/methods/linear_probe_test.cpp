#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// The linear probe on nine images in two views, near three centres with much noise.
class LinearProbe : public test::LiteratureMethod {
 protected:
  LinearProbe() {
    task_.train = noisy_images(3, /*views=*/2, 6, /*noise=*/2);
    task_.validation = noisy_images(100, /*views=*/1, 12, /*noise=*/2);
  }

  std::unique_ptr<PromptLearner> fitted(const std::string& c) {
    auto learner = make("linear_probe", {{"c", c}});
    EXPECT_TRUE(learner->fit(task_.train, task_.validation));
    return learner;
  }

  int64_t correct_on_validation(PromptLearner& learner) const {
    Batch batch;
    batch.features = task_.validation.features.select(1, 0);
    return learner.logits(batch).argmax(-1).eq(task_.validation.labels).sum().item<int64_t>();
  }

  /// By a fixed C = 10^exponent.
  int64_t correct_at(double exponent) {
    return correct_on_validation(*fitted(fmt::format("{:.17g}", std::pow(10.0, exponent))));
  }

  /// The exponent that CoOp's search ends at, each candidate solved by itself.
  double searched_exponent() {
    double peak = 6;
    int64_t most = correct_at(peak);
    for (const int exponent : {4, 2, 0, -2, -4, -6}) {
      const int64_t correct = correct_at(exponent);
      if (correct > most) {
        most = correct;
        peak = exponent;
      }
    }
    double low = peak - 1, high = peak + 1, winner = peak;
    for (int round = 0; round < 8; ++round) {
      const double middle = (low + high) / 2;
      const bool high_wins = correct_at(high) > correct_at(low);
      winner = high_wins ? high : low;
      (high_wins ? low : high) = middle;
    }
    return winner;
  }
};

TEST_F(LinearProbe, SolutionIsStationaryForTheRegularisedLikelihood) {
  const double c = 0.5;
  const auto learner = fitted("0.5");
  const Tensor weight = learner->state().at(0).second.to(torch::kDouble).requires_grad_();
  const Tensor bias = learner->state().at(1).second.to(torch::kDouble).requires_grad_();
  const auto gradients = [&](const Tensor& w, const Tensor& b) {
    Tensor objective = w.square().sum() / (2 * c);
    for (int64_t image = 0; image < 9; ++image) {
      for (int64_t view = 0; view < 2; ++view) {
        const Tensor scores = w.matmul(task_.train.features[image][view].to(torch::kDouble)) + b;
        const int64_t label = task_.train.labels[image].item<int64_t>();
        objective = objective + (scores.exp().sum().log() - scores[label]) / 2;  // two views an image
      }
    }
    objective.backward();
    return at::cat({w.grad().flatten(), b.grad()});
  };
  EXPECT_LT(gradients(weight, bias).abs().max().item<double>(), 1e-4);
  const Tensor zero_weight = at::zeros({3, 5}, torch::kDouble).requires_grad_();
  const Tensor zero_bias = at::zeros({3}, torch::kDouble).requires_grad_();
  EXPECT_GT(gradients(zero_weight, zero_bias).abs().max().item<double>(), 1) << "where it started";
}

TEST_F(LinearProbe, LogitsAreLinearInTheUnnormalisedFeature) {
  const auto learner = fitted("0.5");
  const NamedTensors state = learner->state();
  ASSERT_EQ(state.at(0).first, "weight");
  ASSERT_EQ(state.at(1).first, "bias");
  const Tensor expected = batch_.features.matmul(state.at(0).second.t()) + state.at(1).second;
  EXPECT_TRUE(at::allclose(learner->logits(batch_), expected, 1e-5, 1e-6));
}

TEST_F(LinearProbe, TheSearchEndsAtTheCThatCoOpsCodeFinds) {
  const double exponent = searched_exponent();
  const auto fixed = fitted(fmt::format("{:.17g}", std::pow(10.0, exponent)));
  const auto searched = fitted("0");
  EXPECT_NE(std::fmod(exponent * 128, 128), 0) << "a whole exponent would not show the halving";
  EXPECT_TRUE(at::equal(searched->logits(batch_), fixed->logits(batch_))) << exponent;
}

TEST_F(LinearProbe, WithoutValidationImagesCIsOne) {
  task_.validation = noisy_images(0, 1, 12, /*noise=*/2);
  EXPECT_TRUE(at::equal(fitted("0")->logits(batch_), fitted("1")->logits(batch_)));
}

TEST_F(LinearProbe, AsksForValidationImagesOnlyToSearch) {
  EXPECT_TRUE(make("linear_probe")->needs().validation_features);
  EXPECT_FALSE(make("linear_probe", {{"c", "1"}})->needs().validation_features);
}

TEST_F(LinearProbe, ManyViewsOfAnImageWeighAsMuchAsOne) {
  task_.train.features = task_.train.features.narrow(1, 0, 1);
  const Tensor alone = fitted("2")->logits(batch_);
  task_.train.features = task_.train.features.expand({-1, 4, -1});
  EXPECT_TRUE(at::allclose(fitted("2")->logits(batch_), alone, 1e-3, 1e-4));
}

TEST_F(LinearProbe, ASavedStateGivesTheSameLogits) {
  const auto learner = fitted("0");
  const auto loaded = make("linear_probe");
  loaded->load_state(learner->state());
  EXPECT_TRUE(at::equal(loaded->logits(batch_), learner->logits(batch_)));
}

TEST_F(LinearProbe, ServesTrainedClassesOnly) {
  const auto learner = fitted("1");
  const Tensor all = learner->logits(batch_);
  learner->retarget({"zebra", "cat"});
  EXPECT_TRUE(at::equal(learner->logits(batch_), at::stack({all.select(1, 2), all.select(1, 0)}, 1)));
  EXPECT_THROW(learner->retarget(task_.new_class_names), NotTransferable);
  EXPECT_ERROR(learner->retarget({"cat", "ox"}),
               "linear_probe: has no weights for classes that it was not trained on");
}

TEST_F(LinearProbe, RefusesANegativeC) {
  EXPECT_ERROR(make("linear_probe", {{"c", "-1"}}), "linear_probe: c -1: give 1e-10 to 1e+10, or 0");
}

}  // namespace
}  // namespace promptbed
