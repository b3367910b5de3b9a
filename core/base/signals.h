#pragma once

#include <csignal>
#include <exception>

namespace promptbed {

/// Thrown to stop work because the user asked for it (Ctrl-C or SIGTERM), a session ended (SIGHUP), or a
/// scheduler wants it (SIGUSR1). Not an Error: nothing is wrong, and what is finished is kept.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// By which a sweep asks its worker processes to stop: no other program sends it to groups of processes.
inline constexpr int kStopWorker = SIGUSR2;

/// From now on the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 is only recorded; another one of its kind ends
/// the process, but not within a second: timeout(1), for one, sends its signal to a process and then to the
/// process's group. kStopWorker is recorded and never ends it. A SIGHUP that is ignored stays so.
void watch_for_interrupts();

/// Whether one has been recorded.
bool interrupted() noexcept;

/// Whether it was a SIGUSR1, by which schedulers announce that a job's time is up.
bool asked_to_come_back() noexcept;

/// Throws Interrupted if one has been recorded. Loops call it once per step.
void check_interrupt();

/// From now on a crash inside a CrashScope (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) names the plugin in one
/// line on standard error before the process dies of the signal. So does exit(), which ends it with 2 then: a
/// plugin that ends the program has not done what was asked for.
void explain_crashes();

/// The reverse, for a process whose death another one reports.
void leave_crashes_alone();

/// Names the plugin code that this thread runs while the scope lives. Scopes nest; both texts must outlive
/// the scope.
///
///     const CrashScope scope("mine.so", "bind()");
///     // runner: plugin mine.so crashed in bind() with signal 11; fix it or remove it from its folder
class CrashScope {
 public:
  CrashScope(const char* plugin, const char* place) noexcept;
  ~CrashScope();
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;

 private:
  const char* outer_plugin_;
  const char* outer_place_;
};

}  // namespace promptbed
