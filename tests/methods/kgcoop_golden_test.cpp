#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include "methods/golden_method.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::kGoldenTolerance;

/// The words of the option ctx_init are read as yes or no there: "a photo of a", or random vectors.
TEST(GoldenKgCoOp, TrainsAsTheAuthorsCodeDoes) {
  const test::GoldenMethod golden("kgcoop");
  const std::string knowledge = golden.option("template_knowledge");
  const bool has_words = golden.option("ctx_init") != "";
  const Task task = golden.task(knowledge);
  EXPECT_LT(golden_distance(template_features(task, knowledge, task.class_names),
                            golden.at("knowledge_text_features")),
            kGoldenTolerance);

  test::GoldenLearner learner(golden, "kgcoop", task,
                              {{"n_ctx", has_words ? int64_t{0} : golden.option("n_ctx").get<int64_t>()},
                               {"weight", golden.option("weight").get<double>()}},
                              {{"ctx", "prompt_learner.ctx"}});
  if (has_words) {
    EXPECT_TRUE(at::equal(learner.own_start().at(0).second, golden.at("init.prompt_learner.ctx")));
  }
  learner.expect_the_authors_run(golden.recipe());
}

}  // namespace
}  // namespace promptbed
