#include "base/signals.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace promptbed {
namespace {

// Each test runs in a process of its own: signals stay with the process that got them.

TEST(Interrupts, TheFirstIsRecordedAndTheSecondEndsTheProcess) {
  const auto interrupt_twice = [] {
    watch_for_interrupts();
    check_interrupt();
    std::raise(SIGINT);
    try {
      check_interrupt();
    } catch (const Interrupted&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));
      if (interrupted()) std::raise(SIGINT);
    }
  };
  EXPECT_EXIT(interrupt_twice(), testing::KilledBySignal(SIGINT), "");
}

TEST(Interrupts, TheSameOneTwiceAtOnceIsOneRequest) {
  const auto code_after = [](int signal) {
    std::signal(signal, SIG_DFL);  // under nohup, SIGHUP is ignored
    watch_for_interrupts();
    std::raise(signal);
    std::raise(signal);
    std::exit(interrupted() ? 130 : 0);
  };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    EXPECT_EXIT(code_after(signal), testing::ExitedWithCode(130), "") << signal;
}

TEST(Interrupts, ASweepMayStopItsWorkersMoreThanOnce) {
  const auto stop_again_and_again = [] {
    watch_for_interrupts();
    for (const int signal : {SIGTERM, kStopWorker, kStopWorker}) {
      std::raise(signal);
      std::this_thread::sleep_for(std::chrono::milliseconds(600));
    }
    std::exit(interrupted() ? 130 : 0);
  };
  EXPECT_EXIT(stop_again_and_again(), testing::ExitedWithCode(130), "");
}

TEST(Interrupts, ASchedulersSignalAsksToComeBack) {
  const auto code_after = [](std::initializer_list<int> signals) {
    watch_for_interrupts();
    for (const int signal : signals) std::raise(signal);
    std::exit(interrupted() ? (asked_to_come_back() ? 75 : 130) : 0);
  };
  EXPECT_EXIT(code_after({SIGUSR1}), testing::ExitedWithCode(75), "");
  EXPECT_EXIT(code_after({SIGTERM}), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(code_after({SIGUSR1, SIGTERM}), testing::ExitedWithCode(75), "")
      << "the time is up all the same";
  EXPECT_EXIT(code_after({SIGINT, SIGUSR1}), testing::ExitedWithCode(130), "") << "the user has stopped it";
}

void crash_in_plugin(int signal) {
  explain_crashes();
  const CrashScope outer("outer.so", "create()");
  { const CrashScope inner("inner.so", "bind()"); }
  std::raise(signal);
}

TEST(CrashScope, NamesThePluginAndThePlaceAndLeavesTheDeathAsItIs) {
  EXPECT_EXIT(crash_in_plugin(SIGSEGV), testing::KilledBySignal(SIGSEGV),
              "^runner: plugin outer.so crashed in create\\(\\) with signal 11; fix it or remove it from its "
              "folder\n$");
  EXPECT_EXIT(crash_in_plugin(SIGFPE), testing::KilledBySignal(SIGFPE), "with signal 8;");
}

TEST(CrashScope, SaysNothingOfOtherCrashesNorOnceSwitchedOff) {
  const auto crash_outside = [] {
    explain_crashes();
    std::raise(SIGSEGV);
  };
  EXPECT_EXIT(crash_outside(), testing::KilledBySignal(SIGSEGV), "^$");
  const auto crash_unexplained = [] {
    explain_crashes();
    leave_crashes_alone();
    const CrashScope scope("mine.so", "bind()");
    std::raise(SIGABRT);
  };
  EXPECT_EXIT(crash_unexplained(), testing::KilledBySignal(SIGABRT), "^$");
}

TEST(CrashScope, APluginDoesNotEndTheProgramInSilence) {
  const auto exit_in_plugin = [](bool explained) {
    explain_crashes();
    if (!explained) leave_crashes_alone();
    const CrashScope scope("mine.so", "resolve()");
    std::exit(0);
  };
  EXPECT_EXIT(
      exit_in_plugin(true), testing::ExitedWithCode(2),
      "^runner: plugin mine.so ended the program in resolve\\(\\); fix it or remove it from its folder\n$");
  EXPECT_EXIT(exit_in_plugin(false), testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace promptbed
