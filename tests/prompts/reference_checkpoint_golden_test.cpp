#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "prompts/classifier.h"
#include "prompts/reference_checkpoint.h"
#include "support/golden_clip.h"
#include "support/relative_difference.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Checkpoints that the reference's trainers saved, with the logits that it had then.
class GoldenCheckpoints : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const fs::path folder = test::golden_folder() / "prompt/checkpoints" / GetParam() / "prompt_learner";
    if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder << " (set PROMPTBED_GOLDEN)";
    checkpoint_ = read_reference_checkpoint(fs::directory_iterator(folder)->path());
    const std::string trajectory = (test::golden_folder() / "prompt" / GetParam()).string();
    golden_ = read_safetensors(trajectory + ".safetensors").tensors;
    json_ = read_json(trajectory + ".json");
  }

  const ClipModel& model() const { return test::GoldenClip::instance().model; }

  /// The checkpoint as a prompt, as `runner prompts import` makes one.
  TrainedPrompt imported(const MethodRegistry& registry) const {
    TrainedPrompt prompt{
        {}, class_names_in(checkpoint_, model()), checkpoint_.learned.state, checkpoint_.origin};
    Options options = registry.at(checkpoint_.learned.method).default_options();
    options.set("n_ctx", OptionValue(checkpoint_.context().size(0)));
    prompt.run.method = checkpoint_.learned.method;
    prompt.run.method_version = registry.at(prompt.run.method).spec->version;
    prompt.run.options = options.values();
    return prompt;
  }

  Task model_parts() const {
    const auto& clip = test::GoldenClip::instance();
    Task task;
    task.tokenizer = clip.tokenizer;
    task.context_length = model().context_length();
    task.text_encoder = clip.text_encoder;
    task.logit_scale = model().logit_scale();
    task.feature_width = model().embedding_width();
    task.device = test::golden_device();
    return task;
  }

  ReferenceCheckpoint checkpoint_;
  std::map<std::string, Tensor> golden_;
  nlohmann::json json_;
};

TEST_P(GoldenCheckpoints, HoldTheTrainedTensors) {
  EXPECT_EQ(checkpoint_.learned.method, json_.at("method"));
  EXPECT_EQ(checkpoint_.origin.epoch, json_.at("epochs").get<int64_t>());
  for (const auto& [name, tensor] : checkpoint_.learned.state)
    EXPECT_TRUE(at::equal(tensor, golden_.at("final." + name))) << name;
}

TEST_P(GoldenCheckpoints, BelongToTheModelAndTellTheirClasses) {
  EXPECT_NO_THROW(check_model(checkpoint_, model()));
  ClassNames names = json_.at("classnames");
  EXPECT_NO_THROW(check_classes(checkpoint_, names, model()));
  for (std::string& name : names) std::ranges::replace(name, '_', ' ');
  EXPECT_EQ(class_names_in(checkpoint_, model()), names);
}

TEST_P(GoldenCheckpoints, GiveTheReferencesLogits) {
  const MethodRegistry registry(plugin_folders({}));
  const TrainedPrompt prompt = imported(registry);
  const auto learner = restore_learner(prompt, model_parts(), prompt.class_names, registry);
  const at::NoGradGuard no_grad;
  Batch batch;
  batch.features = golden_.at("eval_features").to(test::golden_device());
  EXPECT_LT(test::relative_difference(learner->logits(batch), golden_.at("eval_logits.final")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Reference, GoldenCheckpoints,
                         testing::Values("coop_ctx4_words", "cocoop_ctx4_words"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace promptbed
