#include "report/select/query.h"

#include <gtest/gtest.h>

#include "results/sample_runs.h"
#include "support/expect_error.h"

namespace promptbed {
namespace {

using test::sample_spec;
using test::zero_shot_spec;

bool holds(const char* condition, const RunSpec& spec) {
  return satisfies(parse_condition(condition), spec);
}

TEST(Condition, ComparesOptionsByTheirType) {
  EXPECT_TRUE(holds("coop.n_ctx=4", sample_spec()));
  EXPECT_TRUE(holds("n_ctx=16,4", sample_spec()));
  EXPECT_FALSE(holds("n_ctx=16", sample_spec()));
  EXPECT_TRUE(holds("csc=false", sample_spec()));
  EXPECT_TRUE(holds("ctx_init=an icon of a", sample_spec()));
  EXPECT_TRUE(holds("learning_rate=2e-3", sample_spec()));
  EXPECT_FALSE(holds("epochs=50", sample_spec()));
}

TEST(Condition, DoesNotConcernOtherMethods) {
  EXPECT_TRUE(holds("cocoop.n_ctx=16", sample_spec()));
  EXPECT_TRUE(holds("n_ctx=16", zero_shot_spec())) << "it has no such option";
}

TEST(Condition, OnTrainingDoesNotConcernMethodsWithoutIt) {
  EXPECT_FALSE(holds("views=0", sample_spec()));
  EXPECT_TRUE(holds("views=10", zero_shot_spec()));
  EXPECT_TRUE(holds("draw=none", sample_spec()));
  EXPECT_FALSE(holds("precision=bf16", zero_shot_spec()));
}

TEST(Condition, KnowsCropsThatAreAsUsual) {
  RunSpec centre = sample_spec(), cropped = sample_spec();
  centre.views = 0;
  cropped.crops = {.least = 0.5, .most = 1};
  EXPECT_TRUE(holds("crops=0.08-1", sample_spec()));
  EXPECT_FALSE(holds("crops=0.08-1", cropped));
  EXPECT_FALSE(holds("crops=0.5-1", sample_spec()));
  EXPECT_TRUE(holds("crops=0.5-1", cropped));
  EXPECT_TRUE(holds("crops=0.5-1", centre)) << "it has none";
  EXPECT_FALSE(holds("coop.crops=0.5-1", centre));
  EXPECT_TRUE(setting_names(sample_spec()).contains("crops"));
  EXPECT_FALSE(setting_names(centre).contains("crops"));
  EXPECT_FALSE(setting_names(zero_shot_spec()).contains("options"));
}

TEST(Condition, TakesADrawByItsBeginning) {
  RunSpec spec = sample_spec();
  spec.draw = "abcdef01";
  EXPECT_TRUE(holds("draw=abcd", spec));
  EXPECT_FALSE(holds("draw=none", spec));
  EXPECT_FALSE(holds("draw=abcd", sample_spec()));
}

TEST(Condition, TakesChangesOfTheDrawAndTheirAbsence) {
  RunSpec changed = sample_spec();
  changed.changes = {.noise = LabelNoise{NoiseKind::symmetric, 0.4}, .imbalance = 10};
  EXPECT_TRUE(holds("label_noise=symmetric:0.4", changed));
  EXPECT_FALSE(holds("label_noise=asymmetric:0.4,none", changed));
  EXPECT_TRUE(holds("imbalance=10", changed));
  for (const char* condition : {"label_noise=symmetric:0.4", "imbalance=10", "validation=training"}) {
    EXPECT_FALSE(holds(condition, sample_spec())) << condition;
    EXPECT_TRUE(holds(condition, zero_shot_spec())) << condition;
  }
  EXPECT_TRUE(holds("label_noise=none", sample_spec()));
  EXPECT_TRUE(holds("imbalance=none,2", sample_spec()));
  RunSpec described = zero_shot_spec();
  described.descriptions = "abcdef01";
  EXPECT_TRUE(holds("descriptions=abcd", described));
  EXPECT_FALSE(holds("descriptions=none", described));
  EXPECT_TRUE(holds("clip_zeroshot.descriptions=none", zero_shot_spec()));
}

TEST(Condition, RefusesOtherForms) {
  for (const char* text : {"n_ctx", "=4", ".n_ctx=4", "coop.=4"})
    EXPECT_ERROR(parse_condition(text), "give [METHOD.]SETTING=VALUE,..., such as coop.n_ctx=4,16");
}

TEST(Condition, ReadsAsItWasGiven) {
  EXPECT_EQ(parse_condition("coop.n_ctx=4,16").text(), "coop.n_ctx=4,16");
  EXPECT_EQ(parse_condition("views=10").text(), "views=10");
}

}  // namespace
}  // namespace promptbed
