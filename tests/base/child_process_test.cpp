#include "base/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace promptbed {
namespace {

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

}  // namespace
}  // namespace promptbed
