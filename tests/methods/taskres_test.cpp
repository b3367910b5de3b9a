#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/context.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "methods/golden_method.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

/// Puts back the underscores of class names, which the authors' TaskRes leaves in its prompts.
class WithUnderscores final : public Tokenizer {
 public:
  WithUnderscores(std::shared_ptr<const Tokenizer> tokenizer, const ClassNames& names)
      : tokenizer_(std::move(tokenizer)), names_(names) {}

  std::vector<int64_t> encode(std::string_view text) const override {
    std::string written(text);
    for (const std::string& name : names_) {
      const size_t at = written.find(spoken(name));
      if (at != std::string::npos) written.replace(at, name.size(), name);
    }
    return tokenizer_->encode(written);
  }
  int64_t start_of_text() const override { return tokenizer_->start_of_text(); }
  int64_t end_of_text() const override { return tokenizer_->end_of_text(); }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  ClassNames names_;
};

TEST(GoldenTaskRes, TrainsAsTheAuthorsDoes) {
  const test::GoldenMethod golden("taskres");
  Task task = golden.task(golden.option("template"));
  task.tokenizer = std::make_shared<WithUnderscores>(task.tokenizer, task.class_names);
  Recipe recipe = golden.recipe();
  recipe.epsilon = golden.option("eps");
  test::GoldenLearner learner(golden, "taskres", task,
                              {{"alpha", OptionValue(golden.option("alpha").get<double>())}},
                              {{"residuals", "prompt_learner.text_feature_residuals"}});
  EXPECT_TRUE(
      at::equal(learner.own_start().at(0).second, golden.at("init.prompt_learner.text_feature_residuals")));
  learner.expect_the_authors_run(recipe);
}

using TaskRes = test::LiteratureMethod;

TEST_F(TaskRes, AddsTheResidualToTheUnnormalisedTextFeature) {
  const auto learner = make_shifted("taskres");
  std::vector<Tensor> texts;
  for (const int64_t letters : {3, 4, 5}) {
    const PromptBatch prompt{embed({28}).unsqueeze(0), embed({2, 7, letters, 0, 29}), {5}};
    texts.push_back(task_.text_encoder->encode(prompt).flatten());
  }
  const Tensor classes = normalised(at::stack(texts) + 0.5 * learner->trainable().at(0).second.detach());
  EXPECT_TRUE(at::allclose(learner->logits(batch_), 10 * normalised(batch_.features).matmul(classes.t()),
                           1e-4, 1e-5));
}

TEST_F(TaskRes, HasTheAuthorsRecipe) {
  task_.shots = 16;
  Recipe recipe = make("taskres")->recipe(task_);
  EXPECT_EQ(recipe.epochs, 200);
  EXPECT_EQ(recipe.batch_size, 256);
  EXPECT_EQ(recipe.optimiser, OptimiserKind::adam);
  EXPECT_EQ(recipe.groups.at(0).learning_rate, 0.002);
  EXPECT_EQ(recipe.groups.at(0).weight_decay, 5e-4);
  EXPECT_EQ(make("taskres")->resolve(task_).real("alpha"), 0.5);
  task_.shots = 4;
  EXPECT_EQ(make("taskres")->recipe(task_).epochs, 100);
  task_.dataset = "imagenet";
  EXPECT_EQ(make("taskres")->recipe(task_).groups.at(0).learning_rate, 0.0002);
  task_.dataset = "oxford_flowers";
  EXPECT_EQ(make("taskres")->resolve(task_).real("alpha"), 1);
  EXPECT_ERROR(make("taskres", {{"alpha", "-1"}}),
               "taskres: alpha -1: give a number above 0 and up to 1000000, or 0");
}

TEST_F(TaskRes, ServesTrainedClassesOnly) {
  const auto learner = make_shifted("taskres");
  const Tensor all = learner->logits(batch_);
  learner->retarget({"zebra", "cat"});
  EXPECT_TRUE(at::allclose(learner->logits(batch_), at::stack({all.select(1, 2), all.select(1, 0)}, 1)));
  EXPECT_ERROR(learner->retarget(task_.new_class_names),
               "taskres: has no residuals for classes that it was not trained on");
}

}  // namespace
}  // namespace promptbed
