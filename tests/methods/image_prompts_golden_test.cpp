#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <string>

#include "methods/golden_method.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::golden_distance;
using test::golden_runs_of;
using test::GoldenLearner;
using test::GoldenMethod;

constexpr const char* kTemplate = "a photo of a {}.";

/// Learned tokens of the image tower: at its input, and where further blocks begin.
void add_image_tokens(test::TensorNames& names, int64_t depth) {
  names.emplace_back("image.0", "image_encoder.VPT");
  for (int64_t block = 1; block < depth; ++block) {
    names.emplace_back(fmt::format("image.{}", block),
                       fmt::format("image_encoder.transformer.resblocks.{}.VPT_shallow", block));
  }
}

/// Those of the text tower behind the context.
void add_deep_tokens(test::TensorNames& names, int64_t depth) {
  for (int64_t block = 1; block < depth; ++block) {
    names.emplace_back(fmt::format("deep.{}", block),
                       fmt::format("text_encoder.transformer.resblocks.{}.VPT_shallow", block));
  }
}

/// The options and names that IVLP and PromptSRC share.
struct Independent {
  explicit Independent(const GoldenMethod& golden) {
    const auto number = [&](const char* name) { return golden.option(name).get<int64_t>(); };
    options = {{"n_ctx", number("n_ctx_text")},
               {"ctx_init", golden.option("ctx_init").get<std::string>()},
               {"depth", number("depth_text")},
               {"n_ctx_vision", number("n_ctx_vision")},
               {"depth_vision", number("depth_vision")}};
    add_deep_tokens(names, number("depth_text"));
    add_image_tokens(names, number("depth_vision"));
  }

  OptionValues options;
  test::TensorNames names = {{"ctx", "prompt_learner.ctx"}};
};

TEST(GoldenVpt, LearnsWhatTheAuthorsCodeLearns) {
  for (const std::string& run : golden_runs_of("vpt")) {
    SCOPED_TRACE(run);
    const GoldenMethod golden(run);
    const auto depth = golden.option("depth_vision").get<int64_t>();
    test::TensorNames names;
    add_image_tokens(names, depth);
    GoldenLearner learner(
        golden, "vpt", golden.task(kTemplate),
        {{"n_ctx_vision", golden.option("n_ctx_vision").get<int64_t>()}, {"depth_vision", depth}}, names);
    learner.expect_the_authors_run(golden.recipe());
  }
}

TEST(GoldenIvlp, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("ivlp");
  const Independent independent(golden);
  GoldenLearner learner(golden, "ivlp", golden.task(kTemplate), independent.options, independent.names);
  EXPECT_TRUE(at::equal(learner.own_start().front().second, golden.at("init.prompt_learner.ctx")));
  learner.expect_the_authors_run(golden.recipe());
}

TEST(GoldenMaple, LearnsWhatTheAuthorsCodeLearns) {
  for (const std::string& run : golden_runs_of("maple")) {
    SCOPED_TRACE(run);
    const GoldenMethod golden(run);
    const auto depth = golden.option("depth").get<int64_t>();
    test::TensorNames names = {{"ctx", "prompt_learner.ctx"}};
    for (int64_t block = 1; block < depth; ++block)
      names.emplace_back(fmt::format("deep.{}", block),
                         fmt::format("prompt_learner.compound_prompts_text.{}", block - 1));
    for (int64_t block = 0; block < depth; ++block) {
      const std::string theirs =
          block == 0 ? "prompt_learner.proj"
                     : fmt::format("prompt_learner.compound_prompt_projections.{}", block - 1);
      for (const char* part : {"weight", "bias"})
        names.emplace_back(fmt::format("projection.{}.{}", block, part), fmt::format("{}.{}", theirs, part));
    }
    GoldenLearner learner(golden, "maple", golden.task(kTemplate),
                          {{"n_ctx", golden.option("n_ctx").get<int64_t>()},
                           {"ctx_init", golden.option("ctx_init").get<std::string>()},
                           {"depth", depth}},
                          names);
    EXPECT_TRUE(at::equal(learner.own_start().front().second, golden.at("init.prompt_learner.ctx")));
    learner.expect_the_authors_run(golden.recipe());
  }
}

TEST(GoldenPromptSrc, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("promptsrc");
  Independent independent(golden);
  independent.options["text_weight"] = golden.option("text_loss_weight").get<double>();
  independent.options["image_weight"] = golden.option("image_loss_weight").get<double>();
  independent.options["average_mean"] = golden.option("gpa_mean").get<double>();
  independent.options["average_deviation"] = golden.option("gpa_std").get<double>();
  independent.options["teacher"] =
      fmt::format("{}", fmt::join(golden.option("teacher_templates").get<std::vector<std::string>>(), "|"));
  GoldenLearner learner(golden, "promptsrc", golden.task(kTemplate), independent.options, independent.names);
  learner.expect_the_authors_run(golden.recipe());
}

TEST(GoldenClipLora, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("clip_lora");
  const auto params = golden.option("params").get<std::vector<std::string>>();
  const Task task = golden.task(kTemplate);
  const std::string encoder = golden.option("encoder");
  std::string letters;
  test::TensorNames names;
  for (const auto& [tower, place, blocks] : {std::tuple("text", "transformer", task.text_blocks),
                                             {"image", "visual.transformer", task.image_blocks}}) {
    if (encoder != "both" && (encoder == "text") != (std::string(tower) == "text")) continue;
    for (int64_t block = 0; block < blocks; ++block) {
      for (const auto& [letter, ours, theirs] : {std::tuple("q", "query", "q_proj"),
                                                 {"k", "key", "k_proj"},
                                                 {"v", "value", "v_proj"},
                                                 {"o", "output", "proj"}}) {
        if (std::ranges::find(params, letter) == params.end()) continue;
        if (letters.find(letter) == std::string::npos) letters += letter;
        for (const auto& [our_part, their_part] : {std::pair("down", "A"), {"up", "B"}})
          names.emplace_back(
              fmt::format("{}.{}.{}.{}", tower, block, ours, our_part),
              fmt::format("{}.resblocks.{}.attn.{}.w_lora_{}", place, block, theirs, their_part));
      }
    }
  }
  GoldenLearner learner(golden, "clip_lora", task,
                        {{"towers", encoder == "vision" ? std::string("image") : encoder},
                         {"weights", letters},
                         {"rank", golden.option("r").get<int64_t>()},
                         {"alpha", golden.option("alpha").get<double>()},
                         {"dropout", golden.option("dropout").get<double>()},
                         {"logit_scale", golden.option("logit_scale").get<double>()}},
                        names);
  learner.expect_the_authors_run(golden.recipe());
}

TEST(GoldenMmrl, LearnsWhatTheAuthorsCodeLearns) {
  const GoldenMethod golden("mmrl");
  const auto blocks = golden.option("rep_layers").get<std::vector<int64_t>>();
  test::TensorNames names = {{"tokens", "representation_learner.compound_rep_tokens"}};
  for (const auto& [tower, theirs] : {std::pair("image", "r2vproj"), {"text", "r2tproj"}}) {
    for (size_t i = 0; i < blocks.size(); ++i)
      for (const char* part : {"weight", "bias"})
        names.emplace_back(
            fmt::format("{}.{}.{}", tower, i, part),
            fmt::format("representation_learner.compound_rep_tokens_{}.{}.{}", theirs, i, part));
  }
  names.emplace_back("read_out", "image_encoder.proj_rep");
  GoldenLearner learner(golden, "mmrl", golden.task(golden.option("template")),
                        {{"n_tokens", golden.option("n_rep_tokens").get<int64_t>()},
                         {"first_block", blocks.front()},
                         {"last_block", blocks.back()},
                         {"space", golden.option("rep_dim").get<int64_t>()},
                         {"alpha", golden.option("alpha").get<double>()},
                         {"weight", golden.option("reg_weight").get<double>()}},
                        names);
  learner.expect_the_authors_run(golden.recipe());
}

TEST(ImagePrompting, NeedsAVisionTransformer) {
  const GoldenMethod golden("maple");
  for (const char* method : {"vpt", "ivlp", "maple", "promptsrc", "clip_lora", "mmrl"}) {
    SCOPED_TRACE(method);
    Task task = golden.task(kTemplate);
    task.image_blocks = 0;
    EXPECT_ERROR(GoldenLearner(golden, method, task, {}, {}), "needs a vision transformer");
  }
}

}  // namespace
}  // namespace promptbed
