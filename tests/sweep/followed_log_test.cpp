#include "sweep/followed_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch.h"

namespace promptbed {
namespace {

using Lines = std::vector<std::string>;

class FollowedLogs : public testing::Test {
 protected:
  void append(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }

  test::ScratchFolder scratch_;
  const std::filesystem::path path_ = scratch_ / "run.log";
};

TEST_F(FollowedLogs, GiveEachFinishedLineOnce) {
  append("of an earlier attempt\n");
  FollowedLog log(path_);
  EXPECT_EQ(log.new_lines(), Lines());
  append("one\ntwo\nthr");
  EXPECT_EQ(log.new_lines(), (Lines{"one", "two"}));
  EXPECT_EQ(log.new_lines(), Lines());
  append("ee\n");
  EXPECT_EQ(log.new_lines(), Lines{"three"});
}

TEST_F(FollowedLogs, NeedNotBeThereYet) {
  FollowedLog log(path_);
  EXPECT_EQ(log.new_lines(), Lines());
  append("one\n");
  EXPECT_EQ(log.new_lines(), Lines{"one"});
}

TEST_F(FollowedLogs, TellHowFarATrainingIs) {
  append("epoch 9 of 9: loss 1.0000, rate 0.002000, 9.00 s\n");  // of an earlier attempt
  FollowedTraining training(path_);
  training.update();
  EXPECT_EQ(training.text(), "");
  EXPECT_EQ(training.share(), 0);
  append("epoch 1 of 4: loss 0.5134, rate 0.002000, 0.41 s\n  new 50.00 %\n");
  training.update();
  EXPECT_EQ(training.text(), "epoch 1 of 4");
  EXPECT_EQ(training.share(), 0.2);
  append("epoch 4 of 4: loss 0.4134, rate 0.000100, 0.41 s\n");
  training.update();
  EXPECT_EQ(training.text(), "tests");
  EXPECT_EQ(training.share(), 0.8);
}

TEST(LoggedEpochs, AreReadAsTheyAreWritten) {
  const auto epoch = epoch_in("epoch 3 of 50: loss nan, rate 0.002000, 0.41 s");
  ASSERT_TRUE(epoch);
  EXPECT_EQ(epoch->epoch, 3);
  EXPECT_EQ(epoch->epochs, 50);
  EXPECT_DOUBLE_EQ(epoch->seconds, 0.41);
  for (const char* other :
       {"epoch", "epoch 3 of 50: loss", "new of media: 50.00 % (1 of 2 images)",
        "epoch 51 of 50: loss 1.0, rate 0.002, 0.41 s", "epoch 1 of 0: loss 1, rate 1, 1 s"})
    EXPECT_FALSE(epoch_in(other)) << other;
}

}  // namespace
}  // namespace promptbed
