#include "base/processes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/expect_error.h"

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

using Tell = std::function<void(std::string_view line)>;

/// What a child told, and how it ended.
struct Heard {
  std::vector<std::string> lines;
  std::string accident;
};

Heard hear(const std::function<void(const Tell& tell)>& action) {
  Heard heard;
  heard.accident = run_in_child(action, [&](const std::string& line) { heard.lines.push_back(line); });
  return heard;
}

TEST(ChildProcess, IsHeardLineByLine) {
  const std::string long_line(100'000, 'x');
  const Heard heard = hear([&](const Tell& tell) {
    for (const std::string& line : {std::string("one"), std::string(), long_line}) tell(line);
  });
  EXPECT_EQ(heard.lines, (std::vector<std::string>{"one", "", long_line}));
  EXPECT_EQ(heard.accident, "");
}

TEST(ChildProcess, ThatCrashesIsHeardUpToThen) {
  const Heard heard = hear([](const Tell& tell) {
    tell("begun");
    std::signal(SIGABRT, SIG_DFL);
    std::raise(SIGABRT);
    tell("never");
  });
  EXPECT_EQ(heard.lines, std::vector<std::string>{"begun"});
  EXPECT_EQ(heard.accident, "signal 6 (Aborted)");
}

TEST(ChildProcess, MayEndItselfWithAnExitCode) {
  EXPECT_EQ(hear([](const Tell&) { ::_exit(3); }).accident, "exit code 3");
}

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
