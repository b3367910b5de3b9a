#include "methods/guarded_learner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <new>

#include "base/signals.h"
#include "methods/method_registry.h"
#include "support/expect_error.h"
#include "support/mean_text_encoder.h"
#include "support/word_tokenizer.h"
#include "training/epoch_order.h"

namespace promptbed {
namespace {

/// Fails in every call, each time in another way.
class Failing final : public PromptLearner {
 public:
  Options resolve(const Setting&) override { throw Error("option n_ctx is odd; give an even one"); }
  void bind(const Task&) override { throw Error("first line\nsecond line"); }
  Tensor logits(const Batch&) override { return at::matmul(at::ones({2, 3}), at::ones({2, 3})); }
  Tensor loss(const Batch&) override { throw std::runtime_error("out of luck\nat line 7"); }
  Tensor backward(const Batch&) override { throw Interrupted(); }
  NamedTensors trainable() override { throw 7; }
  NamedTensors state() override { throw std::runtime_error(""); }
  void epoch_end(int64_t, int64_t) override { throw std::bad_alloc(); }
  void retarget(const ClassNames&) override { throw NotTransferable("has no vectors for them"); }
};

class GuardedLearner : public ::testing::Test {
 protected:
  const std::unique_ptr<PromptLearner> learner_ =
      guard(std::make_unique<Failing>(), {"shaky", "shaky.so"}, Options());
};

TEST_F(GuardedLearner, NamesTheMethodInErrors) {
  EXPECT_EQ(test::error_of([&] { learner_->resolve({}); }), "shaky: option n_ctx is odd; give an even one");
  EXPECT_EQ(test::error_of([&] { learner_->bind({}); }), "shaky: first line");
}

TEST_F(GuardedLearner, TurnsEveryOtherExceptionIntoOneLineWithPluginCallAndRemedy) {
  EXPECT_EQ(test::error_of([&] { learner_->loss({}); }),
            "shaky (plugin shaky.so): loss() threw \"out of luck\"; fix the plugin or leave the method out");
  const std::string of_libtorch = test::error_of([&] { learner_->logits({}); });  // 2 names the operator, too
  EXPECT_TRUE(of_libtorch.starts_with("shaky (plugin shaky.so): logits() threw \"")) << of_libtorch;
  EXPECT_NE(of_libtorch.find("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)\"; fix the plugin"),
            std::string::npos)
      << of_libtorch;
  EXPECT_ERROR(learner_->trainable(),
               "shaky (plugin shaky.so): trainable() threw something that is no exception");
  EXPECT_ERROR(learner_->state(), "shaky (plugin shaky.so): state() threw an exception that says nothing");
  EXPECT_ERROR(learner_->epoch_end(0, 1), "shaky: memory ran out in epoch_end(); use fewer --jobs");
  EXPECT_THROW(learner_->loss({}), PluginFault);
}

TEST_F(GuardedLearner, KeepsTheTypesThatTheHostActsOn) {
  EXPECT_THROW(learner_->retarget({}), NotTransferable);
  EXPECT_EQ(test::error_of([&] { learner_->retarget({}); }), "shaky: has no vectors for them");
  EXPECT_THROW(learner_->backward({}), Interrupted);
}

TEST_F(GuardedLearner, PassesResultsThrough) {
  EXPECT_EQ(learner_->recipe({}).epochs, Recipe().epochs);
  EXPECT_FALSE(learner_->fit({}, {}));
}

/// The fixture plugin, a method of which breaks the rule that it is named for.
class FaultyPlugin : public ::testing::Test {
 protected:
  FaultyPlugin() {
    task_.class_names = {"cat", "bear", "zebra"};
    task_.prompt_template = "an animal, {}.";
    task_.tokenizer = std::make_shared<test::WordTokenizer>();
    task_.text_encoder = std::make_shared<test::MeanTextEncoder>();
    task_.feature_width = 5;
    task_.generator = seeded_generator(1, "init");
    batch_.features = at::randn({4, 5}, seeded_generator(3, "images"));
    batch_.labels = torch::tensor({0, 2, 1, 1}, torch::kLong);
  }

  /// Everything that the host calls, one call after the other.
  void use(const std::string& method) {
    const auto learner = registry_.create(registry_.at(method), registry_.at(method).default_options());
    learner->needs();
    learner->resolve(task_);
    learner->recipe(task_);
    learner->bind(task_);
    learner->fit({}, {});
    learner->trainable();
    learner->backward(batch_);
    learner->epoch_end(0, 1);
    learner->load_state(learner->state());
    const at::NoGradGuard testing;
    learner->logits(batch_);
    learner->retarget({"ox", "polar_bear"});
    learner->logits(batch_);
  }

  std::string fault_of(const std::string& method) {
    return test::error_of([&] { use(method); });
  }

  MethodRegistry registry_ =
      MethodRegistry::of_plugin(std::filesystem::path(PROMPTBED_FIXTURES) / "faulty.so");
  Task task_;
  Batch batch_;
};

TEST_F(FaultyPlugin, WithoutAFaultWorks) {
  EXPECT_NO_THROW(use("none"));
}

TEST_F(FaultyPlugin, MayThrowInAnyCall) {
  for (const char* call : {"create", "needs", "resolve", "recipe", "bind", "fit", "trainable", "backward",
                           "epoch_end", "state", "load_state", "logits", "retarget"}) {
    const std::string method = std::string("throws_in_") + call;
    // In training the host calls backward(), which calls logits().
    const std::string seen = std::string(call) == "logits" ? "backward" : call;
    EXPECT_EQ(fault_of(method), method + " (plugin faulty.so): " + seen +
                                    "() threw \"no luck today\"; fix the plugin or leave the method out");
  }
}

TEST_F(FaultyPlugin, MayReturnWhatCannotBeUsed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"no_learner", "create() made no learner"},
      {"lost_options", "resolve() left out the option depth"},
      {"no_epochs", "recipe() asks for 0 epochs"},
      {"frozen_leaf", "trainable() returned scale which requires no gradient"},
      {"nameless_leaf", "trainable() returned a tensor without a name"},
      {"vector_loss", "backward() returned [4] and not one number"},
      {"nan_logits", "logits() returned numbers that are not finite"},
      {"transposed_logits", "logits() returned [3, 4] and not [4, 3]"},
      {"whole_logits", "logits() returned whole numbers"},
      {"hollow_state", "state() returned no tensor for the name scale"},
      {"keeps_its_classes", "logits() returned [4, 3] and not [4, 2]"},
  };
  for (const auto& [method, what] : cases) {
    if (method == "nan_logits" || method == "transposed_logits" || method == "whole_logits") {
      // In training the host sees the loss alone.
      const auto learner = registry_.create(registry_.at(method), registry_.at(method).default_options());
      learner->bind(task_);
      const std::string fault = test::error_of([&] { learner->logits(batch_); });
      EXPECT_NE(fault.find(method + " (plugin faulty.so): " + what), std::string::npos) << fault;
      continue;
    }
    const std::string fault = fault_of(method);
    EXPECT_NE(fault.find(method + " (plugin faulty.so): " + what), std::string::npos) << fault;
  }
  EXPECT_EQ(fault_of("constant_loss"),
            "constant_loss: the loss depends on no trainable tensor; compute it from those that trainable() "
            "returns");
}

}  // namespace
}  // namespace promptbed
