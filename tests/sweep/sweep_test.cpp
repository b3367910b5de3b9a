#include "sweep/sweep.h"

#include <gtest/gtest.h>

namespace promptbed {
namespace {

SweepOutcome mixed_outcome() {
  SweepOutcome outcome;
  outcome.made = 3;
  outcome.present = 2;
  outcome.left_out = 1;
  outcome.failures = {{"coop on one", "no luck"}, {"coop on two", "no luck"}, {"cocoop on one", "a crash"}};
  return outcome;
}

TEST(SweepOutcomes, AreSummedUpInOneLine) {
  Plan plan;
  plan.runs.resize(9);
  EXPECT_EQ(summary(mixed_outcome(), plan), "9 runs: 3 done now, 2 done before, 1 left out, 3 failed");
}

TEST(SweepOutcomes, HaveALineForEachReasonHoweverManyRunsItStopped) {
  EXPECT_EQ(
      shortcomings(mixed_outcome()),
      (std::vector<std::string>{"failed: cocoop on one: a crash", "failed: coop on one and 1 more: no luck",
                                "left out after the first failure, as --fail-fast asks: 1 run"}));
}

TEST(SweepOutcomes, SayWhyRunsWereNotDoneHere) {
  SweepOutcome taken;
  taken.elsewhere = 2;
  EXPECT_EQ(shortcomings(taken).at(0),
            "not done here: 2 runs that another process has taken; wait for it and sweep again (runner runs "
            "list)");
  taken.accidents = {"a worker process ended with exit code 2 outside of any run"};
  EXPECT_EQ(shortcomings(taken).at(0), "failed: a worker process ended with exit code 2 outside of any run");
  EXPECT_EQ(shortcomings(taken).at(1), "not done here: 2 runs that no worker was left for; sweep again");
}

TEST(SweepOutcomes, NameWhoHasARunAndHowToTakeIt) {
  SweepOutcome taken;
  taken.elsewhere = 3;
  const ProcessIdentity elsewhere{.host = "bench", .pid = 4242, .start = ""};
  taken.held = {{"0123456789abcdef", elsewhere, ""}, {"fedcba9876543210", elsewhere, ""}};
  EXPECT_EQ(
      shortcomings(taken).at(0),
      "not done here: 2 runs that process 4242 on bench has had for an unknown time; wait for it and sweep "
      "again or, if it is gone, runner runs release 0123456789abcdef fedcba9876543210");
  EXPECT_EQ(shortcomings(taken).at(1),
            "not done here: 1 run that another process has taken; wait for it and sweep again (runner runs "
            "list)");
  taken.held[0].since = "2000-01-01T00:00:00.000Z";
  EXPECT_NE(shortcomings(taken).at(0).find(" d; wait for it"), std::string::npos) << "days, by now";
}

TEST(SweepOutcomes, AreCompleteIfEachRunIsDone) {
  EXPECT_TRUE(is_complete({.made = 3, .present = 2}));
  EXPECT_FALSE(is_complete(mixed_outcome()));
  EXPECT_FALSE(is_complete({.made = 3, .elsewhere = 1}));
}

}  // namespace
}  // namespace promptbed
