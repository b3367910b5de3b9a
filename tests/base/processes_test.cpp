#include "base/processes.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
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
  earlier.start.replace(earlier.start.find('@'), 0, "0");
  EXPECT_FALSE(lives_here(earlier));
  EXPECT_FALSE(may_live(earlier));
}

TEST(ProcessIdentity, OfAnotherContainerWithThisHostsNameMayLive) {
  ProcessIdentity inside = this_process();
  inside.start.replace(inside.start.find('@') + 1, std::string::npos, "4026532999");
  inside.pid = 1 << 30;
  EXPECT_FALSE(lives_here(inside));
  EXPECT_TRUE(may_live(inside)) << "its process ids say nothing to us";
}

TEST(ProcessIdentity, OfBeforeARestartOfTheHostIsGone) {
  ProcessIdentity before = this_process();
  before.start[0] = before.start[0] == '0' ? '1' : '0';  // of the boot id
  EXPECT_FALSE(may_live(before));
}

TEST(ProcessIdentity, ThatOlderVersionsWroteHasNoNamespaceAndIsLookedUpHere) {
  ProcessIdentity older = this_process();
  older.start.erase(older.start.find('@'));
  EXPECT_TRUE(lives_here(older));
  older.pid = 1 << 30;
  EXPECT_FALSE(may_live(older));
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

TEST(Program, NeedsNoTemporaryFolder) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/dev/full", 1);
  EXPECT_EQ(run_program({"cat"}, "text").output, "text");
  if (before == nullptr) {
    ::unsetenv("TMPDIR");
  } else {
    ::setenv("TMPDIR", kept.c_str(), 1);
  }
}

TEST(Program, IsLookedForInThePath) {
  EXPECT_TRUE(has_program("sh"));
  EXPECT_FALSE(has_program("no_such_program"));
  EXPECT_ERROR(run_program({"no_such_program"}, ""), "no_such_program: cannot be started (No such file");
}

// Even one that never looks at its signals.
TEST(ChildProcess, EndsByItselfOnceNobodyIsAtTheOtherEnd) {
  std::array<int, 2> sockets{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(sockets[0]);
    exit_after_hangup(sockets[1], std::chrono::milliseconds(50));
    sigset_t all{};
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    for (;;) ::pause();
  }
  ::close(sockets[1]);
  ::shutdown(sockets[0], SHUT_WR);  // no more to say, but still there
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0);
  ::close(sockets[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(describe_exit(status), "exit code 1");
}

}  // namespace
}  // namespace promptbed
