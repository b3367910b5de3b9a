#include "prompts/classifier.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "clip/mini_clip.h"
#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "methods/literature_method.h"
#include "support/expect_error.h"
#include "support/scratch.h"

namespace promptbed {
namespace {

/// Learners that have learned something, as prompts.
class RestoredLearner : public test::LiteratureMethod {
 protected:
  RestoredLearner() {
    task_.train = {at::randn({6, 2, 5}, seeded_generator(7, "train")), at::arange(6).remainder(3)};
    task_.validation = {at::randn({3, 1, 5}, seeded_generator(8, "validation")), at::arange(3)};
    task_.image_encoder = make_image_encoder(random_image_tower({.resolution = 16, .embedding = 5}), {});
    task_.image_blocks = task_.image_encoder->blocks();
    batch_.pixels = at::randn({batch_.features.size(0), 3, 16, 16}, seeded_generator(9, "pixels"));
  }

  static std::map<std::string, std::string> options_of(const std::string& name) {
    if (name == "coop_ctx60") return {{"n_ctx", "2"}};  // 60 are too many for the little tower
    return {};
  }

  std::unique_ptr<PromptLearner> trained(const std::string& name,
                                         std::map<std::string, std::string> values = {}) {
    values.merge(options_of(name));
    auto learner = make_shifted(name, values);
    if (registry_.at(name).has_own_solver()) learner->fit(task_.train, task_.validation);
    return learner;
  }

  TrainedPrompt prompt_of(PromptLearner& learner, const std::string& name) const {
    const Method& method = registry_.at(name);
    TrainedPrompt prompt;
    prompt.run.model = "model one";
    prompt.run.dataset = task_.dataset;
    prompt.run.prompt_template = task_.prompt_template;
    prompt.run.context_init = task_.context_init;
    prompt.run.method = name;
    prompt.run.method_version = method.spec->version;
    prompt.run.options = learner.resolve(task_).values();
    if (const Method* base = registry_.base_of(method, registry_.options_of(method, prompt.run.options)))
      prompt.run.base_version = base->spec->version;
    prompt.class_names = task_.class_names;
    for (const auto& [key, tensor] : learner.state()) prompt.state.emplace_back(key, tensor.detach().clone());
    return prompt;
  }

  /// What comes from the model, and nothing else.
  Task model_parts() const {
    Task task;
    task.tokenizer = task_.tokenizer;
    task.context_length = task_.context_length;
    task.text_encoder = task_.text_encoder;
    task.image_encoder = task_.image_encoder;
    task.image_blocks = task_.image_blocks;
    task.logit_scale = task_.logit_scale;
    task.feature_width = task_.feature_width;
    return task;
  }

  std::unique_ptr<PromptLearner> restore(const TrainedPrompt& prompt, const ClassNames& names) const {
    return restore_learner(prompt, model_parts(), names, registry_);
  }

  /// A prompt of CoOp.
  TrainedPrompt sample() {
    const auto learner = trained("coop");
    return prompt_of(*learner, "coop");
  }
};

TEST_F(RestoredLearner, GivesTheTrainedLogitsWithoutTrainingImages) {
  std::set<std::string> restored;
  for (const Method& method : registry_.methods()) {
    if (!method.trainable()) continue;
    const auto learner = trained(method.name());
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(restore(prompt_of(*learner, method.name()), task_.class_names)->logits(batch_),
                          learner->logits(batch_)))
        << method.name();
    restored.insert(method.name());
  }
  for (const char* name : {"coop", "cocoop", "kgcoop", "prograd", "deep_text", "tcp", "dept", "clip_adapter",
                           "tip_adapter", "linear_probe", "gda_clip", "maple", "mmrl"})
    EXPECT_TRUE(restored.contains(name)) << name;
}

TEST_F(RestoredLearner, ServesOtherClassesWhereItsMethodDoes) {
  const ClassNames others = {"polar_bear", "cat"};
  for (const char* name : {"coop", "cocoop", "kgcoop", "deep_text", "tcp", "dept", "clip_adapter", "gda_clip",
                           "vpt", "ivlp", "maple", "promptsrc", "clip_lora", "mmrl"}) {
    const auto learner = trained(name);
    const auto restored = restore(prompt_of(*learner, name), others);
    learner->retarget(others);
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(restored->logits(batch_), learner->logits(batch_))) << name;
  }
  for (const char* name : {"tip_adapter", "tip_adapter_f", "linear_probe"}) {
    const auto learner = trained(name);
    const TrainedPrompt prompt = prompt_of(*learner, name);
    EXPECT_THROW(restore(prompt, others), NotTransferable) << name;
    EXPECT_EQ(restore(prompt, {"zebra", "cat"})->logits(batch_).size(1), 2) << name;
  }
}

TEST_F(RestoredLearner, ServesSomeOfTheClassesOfAClassSpecificContext) {
  const auto learner = trained("coop", {{"csc", "true"}, {"n_ctx", "2"}});
  const TrainedPrompt prompt = prompt_of(*learner, "coop");
  learner->retarget({"bear"});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(restore(prompt, {"bear"})->logits(batch_), learner->logits(batch_)));
}

TEST_F(RestoredLearner, RefusesWhatItsPluginDoesNotKnow) {
  TrainedPrompt prompt = sample();
  prompt.run.method = "coopp";
  EXPECT_ERROR(restore(prompt, {"cat"}), "no plugin offers the method coopp");
  prompt = sample();
  prompt.run.method_version = 7;
  EXPECT_ERROR(restore(prompt, {"cat"}), "is of version 7 of the method, and plugin coop.so has version 1");
  prompt = sample();
  const auto wrapper = trained("dept");
  TrainedPrompt on_coop = prompt_of(*wrapper, "dept");
  on_coop.run.base_version = 7;
  EXPECT_ERROR(restore(on_coop, {"cat"}), "is of version 7 of coop, and plugin coop.so has version 1");
  prompt.run.options["depth"] = int64_t{3};
  EXPECT_ERROR(restore(prompt, {"cat"}), "trained prompt of coop on zoo, 0 shots, seed 0: no option depth");
}

TEST_F(RestoredLearner, RefusesAStateOfAnotherShape) {
  TrainedPrompt prompt = sample();
  prompt.state = {{"ctx", at::zeros({4, 7})}};
  EXPECT_ERROR(restore(prompt, {"cat"}), "ctx has another shape");
  prompt.state = {{"vectors", at::zeros({4, 5})}};
  EXPECT_ERROR(restore(prompt, {"cat"}), "has no tensor ctx");
}

TEST_F(RestoredLearner, NeedsTheClassesThatItWasTrainedOn) {
  TrainedPrompt prompt = sample();
  prompt.class_names.clear();
  EXPECT_ERROR(restore(prompt, {"cat"}), "does not name the classes that it was trained on");
}

TEST_F(RestoredLearner, SaysWhichClassIsTooLong) {
  const TrainedPrompt prompt = sample();
  const std::string name = "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q_r_s_t_u";
  try {
    restore(prompt, {"cat", name});
    ADD_FAILURE();
  } catch (const PromptTooLong& fault) {
    EXPECT_NE(std::string(fault.what()).find(name), std::string::npos) << fault.what();
  }
}

TEST_F(RestoredLearner, BelongsToOneModel) {
  const TrainedPrompt prompt = sample();
  EXPECT_NO_THROW(check_model(prompt, "model one", ""));
  EXPECT_ERROR(check_model(prompt, "model two", ""),
               "belongs to model model one, and this is model model two");
}

TEST_F(RestoredLearner, BelongsToOneTokenizer) {
  TrainedPrompt prompt = sample();
  EXPECT_ERROR(
      check_model(prompt, "model one", "0123"),
      "was trained with tokenizer the usual one, and the model's is 0123; give the model with its own");
  prompt.has_hash = false;
  EXPECT_NO_THROW(check_model(prompt, "model one", "0123")) << "earlier versions did not say it";
  prompt.run.tokenizer = "4567";
  EXPECT_ERROR(check_model(prompt, "model one", ""), "tokenizer 4567, and the model's is the usual one");
}

TEST_F(RestoredLearner, HasATitle) {
  TrainedPrompt prompt = sample();
  prompt.run.shots = 4;
  prompt.run.seed = 2;
  EXPECT_EQ(title_of(prompt), "coop on zoo, 4 shots, seed 2");
  prompt.origin = PromptOrigin{"model.pth.tar-50", 50};
  EXPECT_EQ(title_of(prompt), "coop, imported from model.pth.tar-50");
}

/// Plugins as the program finds them.
MethodRegistry plugins() {
  return MethodRegistry(plugin_folders({}));
}

TEST(AClassifier, OfAMethodWithoutTrainingServesAnyClasses) {
  const test::ScratchFolder scratch;
  test::write_mini_clip(scratch / "model");
  const ClipModel model = ClipModel::load(scratch / "model");
  const Classifier classifier(plugins(), "clip_zeroshot", {});
  EXPECT_EQ(classifier.title(), "clip_zeroshot");
  EXPECT_FALSE(classifier.prompt());
  DatasetSpec words;
  words.prompt_template = "{}.";
  const auto learner = classifier.serve({"a", "b", "c"}, words, model, {});
  Batch batch;
  batch.features = at::ones({2, model.embedding_width()});
  EXPECT_EQ(learner->logits(batch).sizes(), (at::IntArrayRef{2, 3}));
}

TEST(AClassifier, RefusesAMethodThatHasToBeTrainedAndOptionsThatItDoesNotHave) {
  EXPECT_ERROR(Classifier(plugins(), "coop", {}), "--method coop: has to be trained");
  EXPECT_ERROR(Classifier(plugins(), "nobody", {}), "no method nobody");
  EXPECT_ERROR(Classifier(plugins(), "clip_zeroshot", {"clip_zeroshot.depth=3"}), "no option depth");
}

TEST(AClassifier, OfAPromptRecallsTheClassesThatItsFileDoesNotName) {
  TrainedPrompt prompt;
  prompt.run.method = "coop";
  prompt.run.method_version = plugins().at("coop").spec->version;
  prompt.run.dataset = "zoo";
  prompt.run.classes = "base";
  const Split split{{}, {}, {}, {"cat", "bear", "zebra"}, {}};
  prompt.run.split_hash = split.hash();
  DatasetSpec dataset;
  dataset.id = "farm";
  Classifier classifier(plugins(), prompt);
  classifier.recall_classes(dataset, split);
  EXPECT_TRUE(classifier.prompt()->class_names.empty()) << "another dataset";
  dataset.id = "zoo";
  classifier.recall_classes(dataset, split);
  EXPECT_EQ(classifier.prompt()->class_names, (ClassNames{"cat", "bear"}));
}

TEST_F(RestoredLearner, CallsScoresProbabilitiesWhereTheirMethodDoes) {
  for (const auto& [name, expected] :
       {std::pair("coop", "probability"), {"gda_clip", "softmax"}, {"tip_adapter", "softmax"}}) {
    const auto learner = trained(name);
    const Classifier classifier(plugins(), prompt_of(*learner, name));
    EXPECT_STREQ(classifier.score_name(), expected) << name;
  }
  EXPECT_STREQ(Classifier(plugins(), "clip_zeroshot", {}).score_name(), "probability");
}

}  // namespace
}  // namespace promptbed
