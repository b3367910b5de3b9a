#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "methods/golden_method.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::kGoldenTolerance;

Tensor logits_of(PromptLearner& learner, const Tensor& features) {
  Batch batch;
  batch.features = features;
  return learner.logits(batch);
}

/// gda_clip beside its authors' code, on the same features.
class GoldenGdaClip : public ::testing::Test {
 protected:
  Task task(Protocol protocol) const {
    Task task = golden_.task(golden_.option("template"));
    task.protocol = protocol;
    task.train = {golden_.at("features").transpose(0, 1).contiguous(), golden_.at("labels")};
    task.validation = {golden_.at("val_features").unsqueeze(1), golden_.at("val_labels")};
    task.logit_scale = 100;
    return task;
  }

  /// With the authors' options, and a fixed alpha if it is not 0.
  std::unique_ptr<PromptLearner> fitted(Protocol protocol, double alpha = 0) const {
    const Method& method = registry_.at("gda_clip");
    Options options = method.default_options();
    options.set("alpha", OptionValue(alpha));
    options.set("neighbours", OptionValue(golden_.option("neighbours").get<int64_t>()));
    options.set("copies", OptionValue(golden_.option("copies_of_text").get<int64_t>()));
    const Task task = this->task(protocol);
    auto learner = registry_.create(method, options);
    learner->resolve(task);
    learner->bind(task);
    EXPECT_TRUE(learner->fit(task.train, task.validation));
    return learner;
  }

  void expect_logits(PromptLearner& learner, const std::string& features, const std::string& logits) const {
    EXPECT_LT(golden_distance(logits_of(learner, golden_.at(features)), golden_.at(logits)), kGoldenTolerance)
        << logits;
  }

  /// The logits of validation at alpha 1, and those of the images at the alpha that validation chooses.
  void expect_the_authors_run(const std::string& name, Protocol protocol) const {
    expect_logits(*fitted(protocol, 1), "val_features", name + ".val_logits_alpha1");
    const auto learner = fitted(protocol);
    EXPECT_FLOAT_EQ(learner->state().at(2).second.item<float>(), golden_.json().at(name).at("alpha"));
    expect_logits(*learner, "eval_features", name + ".eval_logits");
  }

  test::GoldenMethod golden_{"gda_clip"};
  MethodRegistry registry_{plugin_folders({})};
};

TEST_F(GoldenGdaClip, FewShotIsTheAuthors) {
  expect_the_authors_run("few_shot", Protocol::few_shot);
}

TEST_F(GoldenGdaClip, BaseToNewIsTheAuthors) {
  expect_the_authors_run("base2new", Protocol::base_new);
}

TEST_F(GoldenGdaClip, NewClassesAreTheAuthors) {
  const auto learner = fitted(Protocol::base_new);
  learner->retarget(golden_.new_class_names());
  expect_logits(*learner, "eval_features_new", "base2new.eval_logits_new");
}

/// gda_clip on nine images in two views.
class GdaClip : public test::LiteratureMethod {
 protected:
  GdaClip() {
    task_.train = {at::randn({9, 2, 5}, seeded_generator(6, "train")), at::arange(9).remainder(3)};
    task_.validation = {at::randn({12, 1, 5}, seeded_generator(7, "validation")),
                        at::arange(12).remainder(3)};
  }

  std::unique_ptr<PromptLearner> fitted(const std::map<std::string, std::string>& values = {}) {
    auto learner = make("gda_clip", values);
    EXPECT_TRUE(learner->fit(task_.train, task_.validation));
    return learner;
  }

  Tensor zero_shot() const { return 10 * normalised(batch_.features).matmul(hand_written_features().t()); }
};

TEST_F(GdaClip, TheProtocolSettlesTheCovariance) {
  const auto settled = [&](Protocol protocol) {
    task_.protocol = protocol;
    const Method& method = registry_.at("gda_clip");
    return registry_.create(method, method.default_options())->resolve(task_).text("covariance");
  };
  EXPECT_EQ(settled(Protocol::base_new), "average");
  for (const Protocol protocol : {Protocol::few_shot, Protocol::cross_dataset, Protocol::domain})
    EXPECT_EQ(settled(protocol), "pooled");
  EXPECT_FALSE(at::allclose(fitted({{"covariance", "pooled"}})->logits(batch_),
                            fitted({{"covariance", "average"}})->logits(batch_)));
}

TEST_F(GdaClip, WithoutValidationImagesAlphaIsOne) {
  task_.validation = {at::empty({0, 1, 5}), at::empty({0}, torch::kLong)};
  EXPECT_TRUE(at::equal(fitted()->logits(batch_), fitted({{"alpha", "1"}})->logits(batch_)));
}

TEST_F(GdaClip, AsksForValidationImagesOnlyToSearch) {
  EXPECT_TRUE(make("gda_clip")->needs().validation_features);
  EXPECT_FALSE(make("gda_clip", {{"alpha", "0.5"}})->needs().validation_features);
}

TEST_F(GdaClip, IsZeroShotWhereNoClassVaries) {
  task_.train = {at::randn({3, 1, 5}, seeded_generator(6, "train")), at::arange(3)};
  for (const char* covariance : {"pooled", "average"}) {
    const auto learner = fitted({{"covariance", covariance}});
    const Tensor logits = learner->logits(batch_);
    EXPECT_TRUE(at::allclose(logits - logits.select(1, 0).unsqueeze(1),
                             zero_shot() - zero_shot().select(1, 0).unsqueeze(1), 1e-4, 1e-4))
        << covariance;
  }
}

TEST_F(GdaClip, ANewClassIsMadeFromAllVectorsWhereTheyAreFew) {
  const auto all = fitted({{"neighbours", "18"}}), more = fitted({{"neighbours", "64"}});
  all->retarget(task_.new_class_names);
  more->retarget(task_.new_class_names);
  EXPECT_TRUE(at::equal(all->logits(batch_), more->logits(batch_)));
}

TEST_F(GdaClip, BesideANewClassAllAreMadeAsNewOnes) {
  const auto learner = fitted();
  const auto logits_of = [&](const ClassNames& names) {
    learner->retarget(names);
    return learner->logits(batch_);
  };
  // The tokenizer of tests tells words by their lengths: a horse is described as a zebra is.
  EXPECT_TRUE(at::equal(logits_of({"ox", "zebra"}), logits_of({"ox", "horse"})));
  EXPECT_FALSE(
      at::allclose(logits_of({"ox", "zebra"}).select(1, 1), logits_of({"zebra", "cat"}).select(1, 0)));
}

TEST_F(GdaClip, ASavedStateKnowsItsClassesWhateverItIsLoadedInto) {
  const auto learner = fitted();
  const Tensor old = learner->logits(batch_);
  learner->retarget(task_.new_class_names);
  task_.class_names.swap(task_.new_class_names);
  const auto loaded = make("gda_clip");
  loaded->load_state(learner->state());
  EXPECT_TRUE(at::allclose(loaded->logits(batch_), learner->logits(batch_), 1e-4, 1e-4));
  loaded->retarget(task_.new_class_names);
  EXPECT_TRUE(at::equal(loaded->logits(batch_), old));
}

TEST_F(GdaClip, RefusesOptionsThatMakeNoSense) {
  EXPECT_ERROR(make("gda_clip", {{"alpha", "-1"}}), "gda_clip: alpha -1: give a number above 0, or 0");
  EXPECT_ERROR(make("gda_clip", {{"alpha", "1e39"}}), "gda_clip: alpha 1e+39: give 1000000 or less");
  EXPECT_ERROR(make("gda_clip", {{"covariance", "own"}}), "no covariance \"own\"; known: pooled, average");
  EXPECT_ERROR(make("gda_clip", {{"neighbours", "0"}}), "neighbours 0: give 1 or more");
  EXPECT_ERROR(make("gda_clip", {{"copies", "-1"}}), "copies -1: give 0 to 1000000");
}

}  // namespace
}  // namespace promptbed
