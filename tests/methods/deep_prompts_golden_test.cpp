#include <gtest/gtest.h>

#include <map>
#include <string>

#include "methods/golden_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::GoldenLearner;
using test::GoldenMethod;

TEST(GoldenTcp, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("tcp");
  const auto tokens = golden.option("n_ctx").get<int64_t>();
  std::string rest = golden.option("template_prompt");
  for (int64_t i = 0; i < tokens; ++i) rest.erase(0, std::string("X ").size());
  GoldenLearner learner(golden, "tcp", golden.task(golden.option("template_knowledge")),
                        {{"n_ctx", tokens},
                         {"knowledge", golden.option("template_knowledge").get<std::string>()},
                         {"rest", rest},
                         {"layer", golden.option("layer").get<int64_t>()},
                         {"weight", golden.option("weight").get<double>()}},
                        {{"ctx", "prompt_learner.ctx"},
                         {"meta_net.linear1.weight", "prompt_learner.meta_net.linear1.weight"},
                         {"meta_net.linear1.bias", "prompt_learner.meta_net.linear1.bias"},
                         {"meta_net.linear2.weight", "prompt_learner.meta_net.linear2.weight"},
                         {"meta_net.linear2.bias", "prompt_learner.meta_net.linear2.bias"}});
  learner.expect_the_authors_run(golden.recipe());
}

TEST(GoldenDeepText, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("ivlp_language");
  const auto depth = golden.option("depth_text").get<int64_t>();
  test::TensorNames names = {{"ctx", "prompt_learner.ctx"}};
  for (int64_t block = 1; block < depth; ++block) {
    names.emplace_back("deep." + std::to_string(block),
                       "text_encoder.transformer.resblocks." + std::to_string(block) + ".VPT_shallow");
  }
  GoldenLearner learner(golden, "deep_text", golden.task("a photo of a {}."),
                        {{"n_ctx", golden.option("n_ctx_text").get<int64_t>()},
                         {"ctx_init", golden.option("ctx_init").get<std::string>()},
                         {"depth", depth}},
                        names);
  EXPECT_TRUE(at::equal(learner.own_start().front().second, golden.at("init.prompt_learner.ctx")));
  learner.expect_the_authors_run(golden.recipe());
}

TEST(DeepText, NeedsAPlaceForTheClassName) {
  const GoldenMethod golden("ivlp_language");
  EXPECT_ERROR(GoldenLearner(golden, "deep_text", golden.task("a photo of a {}."),
                             {{"rest", std::string("no name")}}, {}),
               "rest \"no name\" has no place {} for the class name");
}

}  // namespace
}  // namespace promptbed
