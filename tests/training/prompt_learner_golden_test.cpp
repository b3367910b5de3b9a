#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/prompt_learner.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <system_error>

#include "base/json.h"
#include "clip/checkpoints/safetensors.h"
#include "methods/method_registry.h"
#include "support/golden_clip.h"
#include "support/relative_difference.h"
#include "training/recorder.h"
#include "training/train.h"

namespace promptbed {
namespace {

using test::GoldenClip;
using test::relative_difference;

/// The names of the trajectories that the golden folder holds.
std::vector<std::string> trajectories() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(test::golden_folder() / "prompt", missing)) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The number that follows a word in the description of the reference's optimiser.
double number_after(const std::string& word, const std::string& text) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex(word + " ([-+.0-9e]+)")))
    throw Error("the optimiser's description has no " + word);
  return std::stod(match[1]);
}

/// A method of a real plugin at the start of one of the reference's trajectories.
class GoldenPromptLearners : public ::testing::TestWithParam<std::string> {
 protected:
  GoldenPromptLearners()
      : path_(test::golden_folder() / "prompt" / GetParam()),
        json_(read_json(path_.string() + ".json")),
        tensors_(read_safetensors(path_.string() + ".safetensors").tensors),
        registry_(plugin_folders({})) {
    for (auto& [name, tensor] : tensors_) tensor = tensor.to(test::golden_device());
    train_ = {golden("features").unsqueeze(1), golden("labels")};
    recipe_ = make_recipe();
    learner_ = make_learner();
  }

  /// Bound to the trajectory's task, its learned tensors as its own method and generator start them.
  std::unique_ptr<PromptLearner> make_learner() const {
    const Method& method = registry_.at(json_.at("method"));
    const Task task = make_task();
    auto learner = registry_.create(method, make_options(method));
    learner->resolve(task);
    learner->bind(task);
    return learner;
  }

  /// The learned tensors as the reference drew them.
  void start_as_the_reference() { learner_->load_state(named("init.")); }

  Tensor eval_logits() {
    const at::NoGradGuard no_grad;
    Batch batch;
    batch.features = tensors_.at("eval_features");
    return learner_->logits(batch);
  }

  NamedTensors named(const std::string& prefix) const {
    NamedTensors found;
    for (const auto& [name, tensor] : tensors_) {
      if (name.starts_with(prefix)) found.emplace_back(name.substr(prefix.size()), tensor);
    }
    return found;
  }

  const Tensor& golden(const std::string& name) const { return tensors_.at(name); }

  std::filesystem::path path_;
  nlohmann::json json_;
  std::map<std::string, Tensor> tensors_;
  MethodRegistry registry_;
  FeatureSet train_;
  Recipe recipe_;
  std::unique_ptr<PromptLearner> learner_;

 private:
  Task make_task() const {
    const GoldenClip& clip = GoldenClip::instance();
    Task task;
    task.dataset = GetParam();
    task.class_names = json_.at("classnames");
    task.tokenizer = clip.tokenizer;
    task.context_length = clip.model.context_length();
    task.train = train_;
    task.text_encoder = clip.text_encoder;
    task.logit_scale = clip.model.logit_scale();
    task.feature_width = clip.model.embedding_width();
    task.generator = seeded_generator(1, "init");
    task.device = test::golden_device();
    return task;
  }

  Options make_options(const Method& method) const {
    Options options = method.default_options();
    options.set("n_ctx", OptionValue(json_.at("n_ctx").get<int64_t>()));
    options.set("ctx_init", OptionValue(json_.at("ctx_init").get<std::string>()));
    if (json_.at("method") == "coop") {
      options.set("csc", OptionValue(json_.at("csc").get<bool>()));
      options.set("position", OptionValue(json_.at("class_token_position").get<std::string>()));
    }
    return options;
  }

  Recipe make_recipe() const {
    const std::string optimiser = json_.at("optim");
    Recipe recipe;
    recipe.epochs = json_.at("epochs");
    recipe.batch_size = json_.at("batch_size");
    recipe.warmup_learning_rate = number_after("constant", optimiser);
    recipe.groups = {{"", number_after("lr", optimiser), number_after("momentum", optimiser),
                      number_after("weight_decay", optimiser)}};
    return recipe;
  }
};

TEST(GoldenTrajectories, AreInTheFolder) {
  EXPECT_FALSE(trajectories().empty());
}

TEST_P(GoldenPromptLearners, StartAsTheReferenceDoes) {
  const NamedTensors trainable = learner_->trainable();
  ASSERT_EQ(trainable.size(), named("init.").size());
  for (const auto& [name, tensor] : trainable) {
    EXPECT_EQ(tensor.sizes(), golden("init." + name).sizes()) << name;
    const bool from_words = name == "ctx" && json_.at("ctx_init") != "";
    if (from_words) {
      EXPECT_TRUE(at::equal(tensor, golden("init." + name)));
    }
  }
}

TEST_P(GoldenPromptLearners, FirstLogitsAndGradientsAreTheReferences) {
  start_as_the_reference();
  EXPECT_LT(relative_difference(eval_logits(), golden("eval_logits.init")), 1e-4);

  Batch batch;
  batch.features = golden("features").narrow(0, 0, recipe_.batch_size);
  batch.labels = golden("labels").narrow(0, 0, recipe_.batch_size);
  learner_->backward(batch);
  ASSERT_EQ(learner_->trainable().size(), named("grad0.").size());
  for (const auto& [name, tensor] : learner_->trainable())
    EXPECT_LT(relative_difference(tensor.grad(), golden("grad0." + name)), 1e-4) << name;
}

TEST_P(GoldenPromptLearners, TrainAsTheReferenceDoes) {
  start_as_the_reference();
  GivenOrder order(train_.labels.size(0));
  std::vector<float> losses;
  const auto recorder = make_recorder(*learner_, test::golden_device());
  const auto epochs = train(*learner_, train_, recipe_, order,
                            {.after_step = [&](const Tensor& loss) { losses.push_back(loss.item<float>()); },
                             .recorder = recorder.get()});

  EXPECT_LT(relative_difference(torch::tensor(losses), golden("loss")), 1e-3);
  const int64_t steps = json_.at("steps_per_epoch");
  std::vector<float> rates;
  for (const EpochRecord& epoch : epochs)
    rates.insert(rates.end(), steps, static_cast<float>(epoch.learning_rate));
  EXPECT_LT(relative_difference(torch::tensor(rates), golden("lr")), 1e-6);
  for (const auto& [name, tensor] : learner_->state())
    EXPECT_LT(relative_difference(tensor, golden("final." + name)), 1e-3) << name;
  EXPECT_LT(relative_difference(eval_logits(), golden("eval_logits.final")), 1e-3);
}

TEST_P(GoldenPromptLearners, ServeAStateThatIsPutBackAfterAnEvaluation) {
  start_as_the_reference();
  eval_logits();
  learner_->load_state(named("final."));
  EXPECT_LT(relative_difference(eval_logits(), golden("eval_logits.final")), 1e-4);
}

TEST_P(GoldenPromptLearners, TrainToTheSameBitsTwice) {
  const auto trained = [this] {
    const auto learner = make_learner();
    ShuffledOrder order(train_.labels.size(0), 1, /*seed=*/7);
    train(*learner, train_, recipe_, order);
    return learner->state();
  };
  const NamedTensors once = trained(), again = trained();
  for (size_t i = 0; i < once.size(); ++i)
    EXPECT_TRUE(at::equal(once[i].second, again[i].second)) << once[i].first;
}

INSTANTIATE_TEST_SUITE_P(EveryTrajectory, GoldenPromptLearners, ::testing::ValuesIn(trajectories()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace promptbed
