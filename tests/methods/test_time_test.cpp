#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using Numbers = std::vector<double>;

Numbers listed(const Tensor& x) {
  const Tensor numbers = x.to(torch::kDouble).contiguous();
  return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

Numbers softmax(const Numbers& scores) {
  Numbers shares;
  for (const double score : scores) shares.push_back(std::exp(score));
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

double entropy_of(const Numbers& shares) {
  double sum = 0;
  for (const double share : shares) sum -= share * std::log(share);
  return sum;
}

size_t place_of_largest(const Numbers& numbers) {
  return static_cast<size_t>(std::ranges::max_element(numbers) - numbers.begin());
}

/// Methods that adapt to test images, on three classes and images in six views.
class TestTime : public test::LiteratureMethod {
 protected:
  static Batch images(int64_t count, uint64_t seed) {
    Batch batch;
    batch.views_at_test = at::randn({count, 6, 5}, seeded_generator(seed, "views"));
    batch.features = batch.views_at_test.select(1, 0);
    return batch;
  }

  /// Scaled similarities of an image's views to the classes, and how unsure each view is.
  static std::vector<Numbers> scores_of(const Tensor& views, const Tensor& classes) {
    std::vector<Numbers> scores;
    for (const Tensor& view : views.unbind())
      scores.push_back(
          listed(10 * normalised(view.to(torch::kDouble)).matmul(classes.to(torch::kDouble).t())));
    return scores;
  }

  static std::vector<Numbers> surest_first(std::vector<Numbers> scores) {
    std::ranges::stable_sort(scores, {}, [](const Numbers& of_view) { return entropy_of(softmax(of_view)); });
    return scores;
  }
};

TEST_F(TestTime, TptMovesTheContextOnceForEachImage) {
  const auto learner = make("tpt", {{"views", "5"}, {"selected", "0.5"}, {"lr", "0.02"}});
  ASSERT_TRUE(learner->needs().gradients_at_evaluation);
  ASSERT_EQ(learner->needs().views_at_test, 5);
  const Batch batch = images(4, 11);
  const Tensor logits = learner->logits(batch);
  for (int64_t i = 0; i < 4; ++i) {
    const Tensor words = embed({1, 5, 2, 1}).detach().clone().requires_grad_();  // "a photo of a"
    const Tensor scores = 10 * normalised(batch.views_at_test[i]).matmul(learned_features(words).t());
    std::vector<int64_t> order(6);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {},
                             [&](int64_t view) { return entropy_of(softmax(listed(scores[view]))); });
    order.resize(3);
    const Tensor mean = scores.index_select(0, torch::tensor(order)).softmax(-1).mean(0);
    const Tensor slope = gradient(-(mean * mean.log()).sum(), words);
    // The first step of AdamW: the rate in the direction of each number's gradient, behind the decay.
    const Tensor moved = words.detach() * (1 - 0.02 * 0.01) - 0.02 * slope / (slope.abs() + 1e-8);
    const Tensor expected = 10 * normalised(batch.features[i]).matmul(learned_features(moved).t());
    EXPECT_TRUE(at::allclose(logits[i], expected, 1e-3, 1e-3)) << logits[i] << expected;
    EXPECT_FALSE(at::allclose(logits[i], scores[0], 1e-3, 1e-3)) << "the step must be seen";
  }
}

TEST_F(TestTime, TptTakesMoreStepsOnTheSameViews) {
  const Batch batch = images(1, 11);
  const auto unsure = [&](const char* steps) {
    const auto learner = make("tpt", {{"views", "5"}, {"selected", "0.2"}, {"lr", "0.01"}, {"steps", steps}});
    Batch surest = batch;
    const Tensor scores =
        10 * normalised(batch.views_at_test[0]).matmul(learned_features(embed({1, 5, 2, 1})).t());
    surest.features =
        batch.views_at_test[0].narrow(0, scores.softmax(-1).amax(-1).argmax().item<int64_t>(), 1);
    return entropy_of(softmax(listed(learner->logits(surest)[0])));
  };
  EXPECT_LT(unsure("10"), unsure("1")) << "the view that it was tuned on becomes surer";
}

TEST_F(TestTime, ZeroLetsTheSurestViewsVote) {
  const auto learner = make("zero", {{"views", "5"}, {"kept", "0.4"}, {"template", "an animal, {}."}});
  int64_t ties = 0;
  const Batch batch = images(200, 5);
  const Tensor logits = learner->logits(batch);
  for (int64_t i = 0; i < 200; ++i) {
    const auto sorted = surest_first(scores_of(batch.views_at_test[i], hand_written_features()));
    const size_t first = place_of_largest(sorted[0]), second = place_of_largest(sorted[1]);
    size_t winner = first;
    if (first != second) {  // two views have a vote: the next one for either decides
      ++ties;
      const auto next = std::find_if(sorted.begin() + 2, sorted.end(), [&](const Numbers& of_view) {
        const size_t choice = place_of_largest(of_view);
        return choice == first || choice == second;
      });
      if (next != sorted.end()) winner = place_of_largest(*next);
    }
    EXPECT_EQ(logits[i].argmax().item<int64_t>(), static_cast<int64_t>(winner)) << i;
    EXPECT_EQ(logits[i].sum().item<float>(), first == second ? 2 : 3) << "votes, and one for a tie's winner";
  }
  EXPECT_GT(ties, 20);
}

/// The caches of TDA as lists.
struct Entry {
  double entropy;
  Tensor feature;
  Numbers value;
};
using Lists = std::map<size_t, std::vector<Entry>>;

void take(Lists& lists, size_t label, const Entry& entry, size_t capacity) {
  std::vector<Entry>& list = lists[label];
  list.push_back(entry);
  std::ranges::stable_sort(list, {}, &Entry::entropy);
  if (list.size() > capacity) list.pop_back();
}

Numbers said_by(const Lists& lists, const Tensor& feature, double beta) {
  Numbers sums(3);
  for (const auto& [label, list] : lists) {
    for (const Entry& entry : list) {
      const double nearness = std::exp(-beta * (1 - entry.feature.dot(feature).item<double>()));
      for (size_t k = 0; k < 3; ++k) sums[k] += nearness * entry.value[k];
    }
  }
  return sums;
}

TEST_F(TestTime, TdaLearnsFromTheStream) {
  const auto learner =
      make("tda", {{"alpha", "2"}, {"beta", "5"}, {"capacity", "2"}, {"negative_capacity", "1"}});
  const Batch batch = images(60, 23);
  const Tensor logits = learner->logits(batch);
  Lists positive, negative;
  for (int64_t i = 0; i < 60; ++i) {
    const Tensor feature = normalised(batch.features[i].to(torch::kDouble));
    const Numbers scores = scores_of(batch.features.narrow(0, i, 1), hand_written_features()).front();
    const Numbers shares = softmax(scores);
    const size_t label = place_of_largest(scores);
    Numbers own(3), may_be(3);
    own[label] = 1;
    for (size_t k = 0; k < 3; ++k) may_be[k] = shares[k] > 0.03 && shares[k] < 1 ? 1 : 0;
    take(positive, label, {entropy_of(shares), feature, own}, 2);
    const double unsure = entropy_of(shares) / std::log2(3.0);
    if (unsure > 0.2 && unsure < 0.5) take(negative, label, {entropy_of(shares), feature, may_be}, 1);
    const Numbers raised = said_by(positive, feature, 5), lowered = said_by(negative, feature, 1);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(logits[i][static_cast<int64_t>(k)].item<double>(),
                  scores[k] + 2 * raised[k] - 0.117 * lowered[k], 1e-4)
          << i;
    }
  }
  EXPECT_GT(negative.size(), 0u);
}

TEST_F(TestTime, TdaBeginsANewStreamForOtherClasses) {
  const auto learner = make("tda");
  const Batch batch = images(10, 23);
  const Tensor first = learner->logits(batch);
  EXPECT_FALSE(at::allclose(learner->logits(batch), first)) << "it has seen them";
  learner->retarget(task_.class_names);
  EXPECT_TRUE(at::allclose(learner->logits(batch), first));
}

TEST_F(TestTime, TdaTakesTheMeanOfTheSurestViews) {
  const auto learner = make("tda", {{"views", "5"}, {"alpha", "0"}, {"negative_capacity", "0"}});
  const Batch batch = images(20, 29);
  const Tensor logits = learner->logits(batch);
  for (int64_t i = 0; i < 20; ++i) {
    const Numbers surest = surest_first(scores_of(batch.views_at_test[i], hand_written_features())).front();
    for (size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(logits[i][static_cast<int64_t>(k)].item<double>(), surest[k], 1e-4)
          << "a tenth of six is one";
  }
}

TEST_F(TestTime, TdaHasTheAuthorsSettingsByDataset) {
  const auto settled = [&](const char* dataset) {
    task_.dataset = dataset;
    const Method& method = registry_.at("tda");
    const Options options = registry_.create(method, registry_.options_of(method))->resolve(task_);
    return std::pair(options.real("alpha"), options.real("beta"));
  };
  EXPECT_EQ(settled("dtd"), std::pair(2.0, 3.0));
  EXPECT_EQ(settled("imagenet_sketch"), std::pair(2.363, 7.45));
  EXPECT_EQ(settled("zoo"), std::pair(2.0, 5.0));
}

TEST_F(TestTime, RefusesSettingsThatCannotBe) {
  EXPECT_ERROR(make("tpt", {{"views", "0"}}), "tpt: views 0: give 1 to 1000");
  EXPECT_ERROR(make("tpt", {{"selected", "0"}}), "tpt: selected 0: give a share above 0, up to 1");
  EXPECT_ERROR(make("tpt", {{"lr", "2"}}), "tpt: lr 2: give a number above 0, up to 1");
  EXPECT_ERROR(make("zero", {{"kept", "1.5"}}), "zero: kept 1.5: give a share above 0, up to 1");
  EXPECT_ERROR(make("tda", {{"capacity", "0"}}), "tda: capacity 0: give 1 to 1000");
  EXPECT_ERROR(make("tda", {{"negative_alpha", "-1"}}), "tda: negative_alpha -1: give a number from 0 up");
}

}  // namespace
}  // namespace promptbed
