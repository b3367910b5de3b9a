#include "base/program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "support/expect_error.h"

namespace promptbed {
namespace {

TEST(Program, GetsItsInputAndGivesItsOutputByteByByte) {
  const std::string bytes = std::string(300'000, 'x') + '\0' + "\n'end'";
  const ProgramEnd end = run_program({"cat"}, bytes);
  EXPECT_EQ(end.fault, "");
  EXPECT_EQ(end.output, bytes);
  EXPECT_EQ(end.errors, "");
}

TEST(Program, TakesItsArgumentsAsTheyAre) {
  EXPECT_EQ(run_program({"printf", "%s|%s", "$HOME `id`", "; 'a'"}, "").output, "$HOME `id`|; 'a'");
}

TEST(Program, TellsHowItCameToABadEnd) {
  const ProgramEnd end = run_program({"sh", "-c", "echo sorry >&2; exit 3"}, "");
  EXPECT_EQ(end.fault, "exit code 3");
  EXPECT_EQ(end.errors, "sorry\n");
  EXPECT_EQ(end.output, "");
  EXPECT_EQ(run_program({"sh", "-c", "kill -TERM $$"}, "").fault, "signal 15 (Terminated)");
}

TEST(Program, IsLookedForInThePath) {
  EXPECT_TRUE(has_program("sh"));
  EXPECT_FALSE(has_program("no_such_program"));
  EXPECT_ERROR(run_program({"no_such_program"}, ""), "no_such_program: cannot be started (No such file");
}

}  // namespace
}  // namespace promptbed
