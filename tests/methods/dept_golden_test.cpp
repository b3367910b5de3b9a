#include <gtest/gtest.h>

#include "methods/golden_method.h"

namespace promptbed {
namespace {

TEST(GoldenDePT, TrainsOnCoOpAsTheAuthorsCodeDoes) {
  const test::GoldenMethod golden("dept_coop");
  test::GoldenLearner learner(golden, "dept", golden.task("a photo of a {}."),
                              {{"base", "coop"},
                               {"base.n_ctx", golden.option("n_ctx").get<int64_t>()},
                               {"weight", golden.option("head_weight").get<double>()},
                               {"rate_factor", golden.option("rate_factor").get<double>()}},
                              {{"base.ctx", "prompt_learner.ctx"},
                               {"image.scale", "film_lp_img.scale"},
                               {"image.shift", "film_lp_img.bias"},
                               {"text.scale", "film_lp_text.scale"},
                               {"text.shift", "film_lp_text.bias"},
                               {"head.weight", "linear_probe_proj.weight"},
                               {"head.bias", "linear_probe_proj.bias"}});
  Recipe recipe = golden.recipe();
  ParameterGroup faster = recipe.groups.at(0);
  recipe.groups.at(0).prefix = "base.";
  faster.learning_rate *= golden.option("rate_factor").get<double>();
  recipe.groups.push_back(faster);
  learner.expect_the_authors_run(recipe);
}

}  // namespace
}  // namespace promptbed
