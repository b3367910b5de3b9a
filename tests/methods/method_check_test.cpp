#include "methods/method_check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <promptbed/prompt_template.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "clip/towers/image_tower.h"
#include "clip/towers/random_towers.h"
#include "clip/towers/stand_in_device.h"
#include "clip/towers/text_transformer.h"
#include "methods/method_registry.h"
#include "support/mean_text_encoder.h"
#include "support/word_tokenizer.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

const std::optional<torch::Device> kStandIn = stand_in_device();  // asked for before any backward pass

/// Checks methods on a text tower of a few numbers.
class MethodCheck : public ::testing::Test {
 protected:
  using Reports = std::map<std::string, RuleOutcome, std::less<>>;

  static CheckTask make_task(const ClassNames& own, const ClassNames& others,
                             torch::Device device = torch::kCPU) {
    CheckTask task;
    task.device = device;
    task.dataset = "zoo";
    task.class_names = own;
    task.new_class_names = others;
    task.shots = 2;
    task.prompt_template = "an animal, {}.";
    task.context_init = "a photo of a";
    task.tokenizer = std::make_shared<test::WordTokenizer>();
    task.context_length = 24;
    task.text_encoder = std::make_shared<test::MeanTextEncoder>(device);
    task.logit_scale = 10;
    task.feature_width = 5;
    const auto classes = static_cast<int64_t>(own.size());
    const Tensor labels = at::arange(2 * classes, torch::kLong).remainder(classes).to(device);
    const auto features = [&](int64_t views, const char* purpose) {
      return at::randn({2 * classes, views, 5}, seeded_generator(1, purpose)).to(device);
    };
    task.train = {features(2, "train"), labels};
    task.validation = {features(1, "validation"), labels};
    static const Checkpoint tower = random_image_tower({.resolution = 16, .embedding = 5});
    task.image_encoder = make_image_encoder(tower, {.device = device});
    task.image_blocks = task.image_encoder->blocks();
    const int64_t side = task.image_encoder->resolution();
    task.pixels = at::randn({2 * classes, 3, side, side}, seeded_generator(3, "pixels"));
    return task;
  }

  /// The same with a text tower in which changes inside blocks have an effect.
  static CheckTask with_text_tower(CheckTask task) {
    static const Checkpoint tower = random_text_tower({.context_length = 24, .embedding = 5});
    const auto encoder = std::make_shared<TextTransformer>(tower, Placement{.device = task.device});
    task.text_encoder = encoder;
    task.text_blocks = encoder->blocks();
    return task;
  }

  static Reports check(const MethodRegistry& registry, const Method& method,
                       const OptionValues& values = {}) {
    const ClassNames own = {"cat", "bear", "zebra"}, others = {"ox", "donkey"};
    CheckTasks tasks = {make_task(own, others), make_task(others, own)};
    if (kStandIn) tasks.elsewhere = make_task(own, others, *kStandIn);
    if (takes_pixels(registry, method, tasks.trained)) {
      for (CheckTask* task : {&tasks.trained, &tasks.other}) *task = with_text_tower(*task);
      if (tasks.elsewhere) tasks.elsewhere = with_text_tower(*tasks.elsewhere);
    }
    const Options given = registry.options_of(method, values);
    const CheckedMethod checked = {
        .training = method.spec->training,
        .selection = registry.selection_of(method, given),
        .online = registry.is_online(method, given),
        .options = given,
        .create = [&](const Options& options) { return registry.create(method, options); }};
    Reports reports;
    std::string begun;
    check_method(checked, tasks,
                 {.begin = [&](std::string_view rule) { begun = rule; },
                  .end =
                      [&](std::string_view rule, const RuleOutcome& outcome) {
                        EXPECT_EQ(begun, rule);
                        EXPECT_FALSE(statement_of_rule(rule).empty());
                        reports.emplace(rule, outcome);
                      }});
    return reports;
  }

  static bool takes_pixels(const MethodRegistry& registry, const Method& method, const Setting& setting) {
    try {
      const auto learner = registry.create(method, registry.options_of(method));
      learner->resolve(setting);
      return learner->needs().pixels;
    } catch (const Error&) {
      return false;  // a faulty method: the check says why
    }
  }

  static std::string broken(const Reports& reports) {
    std::string text;
    for (const auto& [rule, outcome] : reports) {
      if (outcome.verdict == Verdict::broken) text += rule + ": " + outcome.why + "\n";
    }
    return text;
  }
};

TEST_F(MethodCheck, AWrapperKeepsTheRulesOnEveryBaseThatOffersItsTextFeatures) {
  const MethodRegistry registry(plugin_folders({}));
  for (const char* base : {"kgcoop", "cocoop", "atprompt"})
    EXPECT_EQ(broken(check(registry, registry.at("dept"), {{"base", base}})), "") << base;
}

TEST_F(MethodCheck, ShippedMethodsKeepTheRules) {
  const MethodRegistry registry(plugin_folders({}));
  ASSERT_FALSE(registry.methods().empty());
  for (const Method& method : registry.methods()) {
    if (method.name() == "coop_ctx60") continue;  // longer than this text tower's prompts
    const Reports reports = check(registry, method);
    EXPECT_EQ(broken(reports), "") << method.name();
    EXPECT_EQ(reports.at("device").verdict, kStandIn ? Verdict::kept : Verdict::idle) << method.name();
    const bool is_repeatable =
        method.trainable() && !method.has_own_solver() && method.name() != "clip_lora";  // it drops at random
    EXPECT_EQ(reports.at("repetition").verdict, kStandIn && is_repeatable ? Verdict::kept : Verdict::idle)
        << method.name();
    EXPECT_EQ(reports.count("inputs"), 1) << method.name() << ": the check goes to its end";
  }
  const Reports without_dropout = check(registry, registry.at("clip_lora"), {{"dropout", 0.0}});
  EXPECT_EQ(without_dropout.at("repetition").verdict, kStandIn ? Verdict::kept : Verdict::idle);
}

TEST_F(MethodCheck, WordsThatProGradDoesNotLearnArePartOfItsState) {
  const MethodRegistry registry(plugin_folders({}));
  const OptionValues values = {{"ctx_init", std::string("a kind. an icon")}, {"n_ctx", int64_t{8}}};
  EXPECT_EQ(broken(check(registry, registry.at("prograd"), values)), "");
  const auto learner =
      registry.create(registry.at("prograd"), registry.options_of(registry.at("prograd"), values));
  const CheckTask task = make_task({"cat", "bear"}, {"ox"});
  learner->resolve(task);
  learner->bind(task);
  ASSERT_EQ(learner->state().size(), 2U);
  EXPECT_EQ(learner->state().at(1).first, "fixed") << "a token more than words";
  EXPECT_NO_THROW(learner->load_state(learner->trainable())) << "as earlier versions wrote it";
}

TEST_F(MethodCheck, SaysWhatDoesNotApply) {
  const MethodRegistry registry(plugin_folders({}));
  const Reports reports = check(registry, registry.at("clip_zeroshot"));
  for (const char* rule : {"training", "gradients", "state", "load_state"})
    EXPECT_EQ(reports.at(rule).verdict, Verdict::idle) << rule;
  for (const char* rule : {"logits", "rows", "seed", "retarget", "selection"})
    EXPECT_EQ(reports.at(rule).verdict, Verdict::kept) << rule;
  EXPECT_EQ(check(registry, registry.at("linear_probe")).at("outputs").verdict, Verdict::idle);
  EXPECT_EQ(check(registry, registry.at("kgcoop")).at("outputs").verdict, Verdict::kept);
}

/// A method of the fixture plugin, the rule that it breaks, and a part of why.
struct Case {
  const char* method;
  const char* rule;
  const char* why;
};

TEST_F(MethodCheck, FindsTheRuleThatIsBroken) {
  const MethodRegistry registry =
      MethodRegistry::of_plugin(std::filesystem::path(PROMPTBED_FIXTURES) / "faulty.so");
  EXPECT_EQ(broken(check(registry, registry.at("none"))), "");
  const std::vector<Case> cases = {
      {"throws_in_create", "create", "create() threw \"no luck today\""},
      {"no_learner", "create", "create() made no learner"},
      {"throws_in_resolve", "resolve", "resolve() threw"},
      {"other_options_each_time", "resolve", "settling the options a second time changes them"},
      {"asks_for_no_views", "needs", "it needs -1 views at test; give 0 to 10000"},
      {"refuses_a_part", "part", "it refuses 2 of the 3 classes it was trained on: "},
      {"validates_in_silence", "selection",
       "it asks for validation features and is declared Selection::none"},
      {"declares_a_selection", "selection", "it declares a selection and asks for no validation features"},
      {"no_epochs", "recipe", "asks for 0 epochs"},
      {"other_recipe_each_time", "recipe", "it differs when it is asked for again"},
      {"throws_in_bind", "bind", "bind() threw"},
      {"nan_logits", "logits", "returned numbers that are not finite"},
      {"transposed_logits", "logits", "returned [3, 6] and not [6, 3]"},
      {"frozen_leaf", "training", "scale which requires no gradient"},
      {"metadata_leaf", "training", "returned a tensor with the name __metadata__, which a file cannot have"},
      {"expanded_leaf", "training", "shift whose numbers share memory"},
      {"complex_state", "seed", "scale of the type ComplexFloat, which a file cannot have"},
      {"throws_in_epoch_end", "training", "epoch_end() threw"},
      {"vector_loss", "training", "not one number"},
      {"constant_loss", "training", "the loss depends on no trainable tensor"},
      {"new_leaf_each_time", "training", "trainable() returns another scale than before"},
      {"untouched_leaf", "training", "shift is not moved by training"},
      {"outputs_other_logits", "outputs", "the logits of outputs() are not those of logits()"},
      {"outputs_another_loss", "outputs", "the loss of outputs() is not that of loss()"},
      {"looks_at_the_batch", "rows", "row 0 has other logits alone than in a batch"},
      {"learns_when_tested", "evaluation", "testing changes scale of the state"},
      {"draws_elsewhere", "seed", "scale differs for the same seed"},
      {"remembers_its_steps", "resume", "scale differs when a new learner goes on from the middle"},
      {"remembers_within_an_epoch", "resume", "scale differs when a new learner goes on from the middle"},
      {"forgets_a_leaf", "state", "a fresh learner with the saved state gives other logits"},
      {"hollow_state", "seed", "state() returned no tensor"},
      {"takes_any_state", "load_state", "a state without its tensors is taken"},
      {"keeps_its_classes", "retarget", "returned [4, 3] and not [4, 2]"},
      {"throws_in_retarget", "retarget", "retarget() threw"},
      {"stays_on_the_cpu", "device", "Expected all tensors to be on the same device"},
      {"counts_in_repeatable_steps", "repetition", "scale differs if a step is recorded and repeated"},
      {"uploads_in_repeatable_steps", "repetition", "a recorded step copies between the CPU and the device"},
      {"spoils_features", "inputs", "work on copies"},
  };
  for (const Case& expected : cases) {
    if (!kStandIn && (expected.rule == std::string("device") || expected.rule == std::string("repetition")))
      continue;
    const Reports reports = check(registry, registry.at(expected.method));
    ASSERT_EQ(reports.count(expected.rule), 1) << expected.method;
    const RuleOutcome& outcome = reports.find(expected.rule)->second;
    EXPECT_EQ(outcome.verdict, Verdict::broken) << expected.method << " keeps " << expected.rule;
    EXPECT_NE(outcome.why.find(expected.why), std::string::npos) << expected.method << ": " << outcome.why;
  }
}

TEST_F(MethodCheck, StopsWhereNoTaskIsTaken) {
  const MethodRegistry registry =
      MethodRegistry::of_plugin(std::filesystem::path(PROMPTBED_FIXTURES) / "faulty.so");
  const Reports reports = check(registry, registry.at("throws_in_bind"));
  EXPECT_EQ(reports.count("logits"), 0);
}

}  // namespace
}  // namespace promptbed
