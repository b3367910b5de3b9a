#include "methods/guarded_learner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/interrupt.h"
#include "support/expect_error.h"

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
  void retarget(const ClassNames&) override { throw NotTransferable("has no vectors for them"); }
};

class GuardedLearner : public ::testing::Test {
 protected:
  const std::unique_ptr<PromptLearner> learner_ = guard(std::make_unique<Failing>(), "shaky");
};

TEST_F(GuardedLearner, NamesTheMethodInErrors) {
  EXPECT_EQ(test::error_of([&] { learner_->resolve({}); }), "shaky: option n_ctx is odd; give an even one");
}

TEST_F(GuardedLearner, TurnsEveryExceptionIntoAnErrorOfOneLine) {
  EXPECT_EQ(test::error_of([&] { learner_->bind({}); }), "shaky: first line");
  EXPECT_EQ(test::error_of([&] { learner_->loss({}); }), "shaky: out of luck");
  EXPECT_ERROR(learner_->logits({}), "shaky: mat1 and mat2 shapes cannot be multiplied");
  EXPECT_ERROR(learner_->trainable(), "shaky: threw something that is no exception");
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

}  // namespace
}  // namespace promptbed
