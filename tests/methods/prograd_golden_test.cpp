#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include "methods/golden_method.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::kGoldenTolerance;

class GoldenProGrad : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenProGrad, TrainsAsTheAuthorsCodeDoes) {
  const test::GoldenMethod golden(GetParam());
  const std::string prompt_template = golden.option("template");
  const Task task = golden.task("a picture of {}.");
  EXPECT_LT(golden_distance(template_features(task, prompt_template, task.class_names),
                            golden.at("teacher_text_features")),
            kGoldenTolerance);

  const bool has_words = golden.option("ctx_init_from_template");
  const std::string words = has_words ? prompt_template.substr(0, prompt_template.find(" {}")) : "";
  test::GoldenLearner learner(golden, "prograd", task,
                              {{"template", prompt_template},
                               {"n_ctx", golden.option("n_ctx").get<int64_t>()},
                               {"ctx_init", words},
                               {"weight", golden.option("lambda").get<double>()},
                               {"temperature", golden.option("temperature").get<double>()}},
                              {{"ctx", "prompt_learner.ctx"}});
  if (has_words) {
    EXPECT_TRUE(at::equal(learner.own_start().at(0).second, golden.at("init.prompt_learner.ctx")));
  }
  learner.expect_the_authors_run(golden.recipe());
}

INSTANTIATE_TEST_SUITE_P(EveryRun, GoldenProGrad, ::testing::ValuesIn(test::golden_runs_of("prograd")),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace promptbed
