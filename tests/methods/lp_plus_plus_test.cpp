#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "methods/golden_method.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::kGoldenTolerance;

/// lp_plus_plus beside its authors' code, on the same features.
class GoldenLpPlusPlus : public ::testing::Test {
 protected:
  GoldenLpPlusPlus() {
    task_ = golden_.task(golden_.option("template"));
    task_.train = {golden_.at("features").unsqueeze(1), golden_.at("labels")};
    task_.validation = {golden_.at("val_features").unsqueeze(1), golden_.at("val_labels")};
    const Method& method = registry_.at("lp_plus_plus");
    Options options = method.default_options();
    options.set("epochs", OptionValue(golden_.json().at("epochs").get<int64_t>()));
    options.set("alpha_every", OptionValue(golden_.option("alpha_every").get<int64_t>()));
    learner_ = registry_.create(method, options);
    learner_->resolve(task_);
    learner_->bind(task_);
  }

  /// The authors' tensors of one time, "init" or "final".
  NamedTensors of_authors(const std::string& when) const {
    return {{"weight", golden_.at(when + ".weight")},
            {"bias", golden_.at(when + ".bias")},
            {"alpha", golden_.at(when + ".alpha").squeeze(0)}};
  }

  Tensor logits(const std::string& features) {
    Batch batch;
    batch.features = golden_.at(features);
    return learner_->logits(batch);
  }

  test::GoldenMethod golden_{"lp_pp"};
  MethodRegistry registry_{plugin_folders({})};
  Task task_;
  std::unique_ptr<PromptLearner> learner_;
};

TEST_F(GoldenLpPlusPlus, StartsAsTheAuthorsDoes) {
  const NamedTensors own = learner_->state(), theirs = of_authors("init");
  EXPECT_LT(golden_distance(own[0].second, theirs[0].second), kGoldenTolerance);
  EXPECT_EQ(own[1].second.sizes(), theirs[1].second.sizes());
  EXPECT_LT(golden_distance(own[2].second, theirs[2].second), kGoldenTolerance);
  learner_->load_state(theirs);
  EXPECT_LT(golden_distance(logits("features"), golden_.at("train_logits.init")), kGoldenTolerance);
}

TEST_F(GoldenLpPlusPlus, WithoutValidationImagesEndsAsTheAuthorsLastEpoch) {
  learner_->load_state(of_authors("init"));
  const FeatureSet none = {task_.validation.features.narrow(0, 0, 0),
                           task_.validation.labels.narrow(0, 0, 0)};
  EXPECT_TRUE(learner_->fit(task_.train, none));
  const NamedTensors own = learner_->state(), theirs = of_authors("final");
  for (size_t i = 0; i < own.size(); ++i)
    EXPECT_LT(golden_distance(own[i].second, theirs[i].second), kGoldenTolerance) << own[i].first;
  EXPECT_LT(golden_distance(logits("eval_features"), golden_.at("eval_logits.final")), kGoldenTolerance);
}

TEST_F(GoldenLpPlusPlus, EndsAsTheAuthorsLastEpochOfMostValidationImagesRight) {
  learner_->load_state(of_authors("init"));
  EXPECT_TRUE(learner_->fit(task_.train, task_.validation));
  const Tensor right = logits("eval_features").argmax(-1).eq(golden_.at("eval_labels"));
  EXPECT_NEAR(100 * right.to(torch::kDouble).mean().item<double>(),
              golden_.json().at("test_accuracy_percent").get<double>(), 1e-9);
}

/// lp_plus_plus on nine images in two views.
class LpPlusPlus : public test::LiteratureMethod {
 protected:
  LpPlusPlus() {
    task_.train = {at::randn({9, 2, 5}, seeded_generator(6, "train")), at::arange(9).remainder(3)};
    task_.validation = {at::randn({30, 1, 5}, seeded_generator(7, "validation")),
                        at::arange(30).remainder(3)};
  }

  std::unique_ptr<PromptLearner> fitted(const std::string& epochs) {
    task_.generator = seeded_generator(1, "init");
    auto learner = make("lp_plus_plus", {{"epochs", epochs}});
    EXPECT_TRUE(learner->fit(task_.train, task_.validation));
    return learner;
  }

  int64_t correct_on_validation(PromptLearner& learner) const {
    Batch batch;
    batch.features = task_.validation.features.select(1, 0);
    return learner.logits(batch).argmax(-1).eq(task_.validation.labels).sum().item<int64_t>();
  }
};

TEST_F(LpPlusPlus, KeepsTheLastEpochOfMostValidationImagesRight) {
  const FeatureSet validation = task_.validation;
  const auto best = fitted("25");
  int64_t most = 0, last = 0;
  for (int64_t epochs = 1; epochs <= 25; ++epochs) {
    task_.validation = {validation.features.narrow(0, 0, 0), validation.labels.narrow(0, 0, 0)};
    const auto learner = fitted(std::to_string(epochs));
    task_.validation = validation;
    if (correct_on_validation(*learner) < most) continue;
    most = correct_on_validation(*learner);
    last = epochs;
  }
  EXPECT_LT(last, 25) << "the last of all would not show the choice";
  task_.validation = {validation.features.narrow(0, 0, 0), validation.labels.narrow(0, 0, 0)};
  EXPECT_TRUE(at::equal(best->logits(batch_), fitted(std::to_string(last))->logits(batch_)));
}

TEST_F(LpPlusPlus, LooksAtTheFirstViewOfAnImage) {
  const Tensor logits = fitted("30")->logits(batch_);
  task_.train.features = task_.train.features.narrow(1, 0, 1);
  EXPECT_TRUE(at::equal(fitted("30")->logits(batch_), logits));
}

TEST_F(LpPlusPlus, TrainsForThreeHundredEpochs) {
  const Options defaults = registry_.at("lp_plus_plus").default_options();
  EXPECT_EQ(defaults.integer("epochs"), 300);
  EXPECT_EQ(defaults.integer("alpha_every"), 10);
  EXPECT_ERROR(make("lp_plus_plus", {{"epochs", "0"}}), "lp_plus_plus: epochs 0: give 1 or more");
}

TEST_F(LpPlusPlus, ServesTrainedClassesOnly) {
  const auto learner = fitted("30");
  const Tensor all = learner->logits(batch_);
  learner->retarget({"zebra", "cat"});
  EXPECT_TRUE(at::equal(learner->logits(batch_), at::stack({all.select(1, 2), all.select(1, 0)}, 1)));
  EXPECT_ERROR(learner->retarget(task_.new_class_names),
               "lp_plus_plus: has no weights for classes that it was not trained on");
}

}  // namespace
}  // namespace promptbed
