#include "base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace promptbed {
namespace {

using std::chrono::duration;

TEST(ProgressText, TellsStepsRateAndTimeLeft) {
  EXPECT_EQ(progress_text("extracting: pets", 50, 200, duration<double>(2.0)),
            "extracting: pets  [=====               ] 50/200  25%  25/s  2 s, 6 s left");
  EXPECT_EQ(progress_text("runs", 4, 4, duration<double>(80.0)),
            "runs  [====================] 4/4 100%  0.05/s  in 1 min 20 s");
}

TEST(ProgressText, PromisesNothingBeforeTheFirstStep) {
  EXPECT_EQ(progress_text("runs", 0, 4, duration<double>(3.0)), "runs  [                    ] 0/4   0%");
}

TEST(ProgressText, CountsAndNamesWhatIsUnderWay) {
  EXPECT_EQ(progress_text("runs", 1, 4, duration<double>(15.0), {0.5, "coop on media: epoch 25 of 50"}),
            "runs  [=======             ] 1/4  37%  0.1/s  15 s, 25 s left  coop on media: epoch 25 of 50");
  EXPECT_EQ(progress_text("runs", 0, 4, duration<double>(1.0), {0, "coop on media"}),
            "runs  [                    ] 0/4   0%  coop on media");
  EXPECT_EQ(progress_text("runs", 4, 4, duration<double>(80.0), {1, "nothing"}),
            "runs  [====================] 4/4 100%  0.05/s  in 1 min 20 s");
}

TEST(DurationText, RoundsUpAndChangesUnits) {
  EXPECT_EQ(duration_text(duration<double>(0.2)), "1 s");
  EXPECT_EQ(duration_text(duration<double>(200.0)), "3 min 20 s");
  EXPECT_EQ(duration_text(duration<double>(7500.0)), "2 h 5 min");
}

TEST(Progress, OffATerminalAShortJobIsOneLine) {
  std::ostringstream out;
  {
    Progress progress("runs", 1000, out, false);
    for (int i = 0; i < 1000; ++i) progress.advance();
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("1000/1000 100%"), std::string::npos) << text;
}

TEST(Progress, OnATerminalItRedrawsOneLineAndClearsIt) {
  std::ostringstream out;
  {
    Progress progress("runs", 1000, out, true);
    for (int i = 0; i < 1000; ++i) progress.advance();
  }
  const std::string text = out.str();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_LT(std::count(text.begin(), text.end(), '\r'), 10);
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

}  // namespace
}  // namespace promptbed
