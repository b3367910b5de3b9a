#include "base/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace promptbed {
namespace {

TEST(ProcessIdentity, ThisProcessLives) {
  EXPECT_EQ(this_process(), this_process());
  EXPECT_EQ(this_process().pid, ::getpid());
  EXPECT_TRUE(lives_here(this_process()));
}

TEST(ProcessIdentity, AnotherStartIsAnotherProcess) {
  ProcessIdentity earlier = this_process();
  earlier.start += "0";
  EXPECT_FALSE(lives_here(earlier));
  EXPECT_FALSE(may_live(earlier));
}

TEST(ProcessIdentity, AnotherHostMayLive) {
  ProcessIdentity elsewhere = this_process();
  elsewhere.host += ".elsewhere";
  EXPECT_FALSE(lives_here(elsewhere));
  EXPECT_TRUE(may_live(elsewhere));
}

TEST(ProcessIdentity, OneThatIsGoneIsNotMistakenForOneWithoutAStart) {
  ProcessIdentity gone = this_process();
  gone.pid = 1 << 30;  // above Linux's largest
  gone.start = "";
  EXPECT_FALSE(lives_here(gone));
}

}  // namespace
}  // namespace promptbed
