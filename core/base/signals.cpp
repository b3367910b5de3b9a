#include "base/signals.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace promptbed {
namespace {

volatile std::sig_atomic_t requested = 0;  // the signal, or 0

constexpr std::array kInterrupts = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
constexpr int64_t kOneRequest = 1'000'000'000;  // nanoseconds

/// Safe in a signal handler.
int64_t nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

extern "C" void remember(int signal) {
  static std::array<volatile int64_t, kInterrupts.size()>
      firsts{};  // when the first of a kind came; 0: not yet
  const int64_t now = nanoseconds();
  if (requested == 0) requested = signal;
  for (size_t kind = 0; kind < kInterrupts.size(); ++kind) {
    if (kInterrupts[kind] != signal) continue;
    if (firsts[kind] == 0) firsts[kind] = now;
    if (now - firsts[kind] < kOneRequest) return;
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

extern "C" void remember_always(int signal) {
  if (requested == 0) requested = signal;
}

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Written by the thread that runs the plugin, read by the handler in that thread.
thread_local const char* running_plugin = nullptr;
thread_local const char* running_place = nullptr;

/// Safe in a signal handler.
void say(const char* text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
}

extern "C" void explain(int signal) {
  if (running_plugin != nullptr) {
    const std::array<char, 3> number = {static_cast<char>(signal >= 10 ? '0' + signal / 10 : ' '),
                                        static_cast<char>('0' + signal % 10), '\0'};
    for (const char* text :
         {"runner: plugin ", running_plugin, " crashed in ", running_place, " with signal ",
          number[0] == ' ' ? number.data() + 1 : number.data(), "; fix it or remove it from its folder\n"})
      say(text);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool explains_crashes = false;

/// At the end of the program, in the thread that called exit().
extern "C" void explain_exit() {
  if (!explains_crashes || running_plugin == nullptr) return;
  for (const char* text : {"runner: plugin ", running_plugin, " ended the program in ", running_place,
                           "; fix it or remove it from its folder\n"})
    say(text);
  ::_exit(2);
}

}  // namespace

void watch_for_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, remember);
  if (std::signal(SIGHUP, remember) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // under nohup
  std::signal(kStopWorker, remember_always);
}

bool interrupted() noexcept {
  return requested != 0;
}

bool asked_to_come_back() noexcept {
  return requested == SIGUSR1;
}

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

void explain_crashes() {
  for (const int signal : kCrashes) std::signal(signal, explain);
  if (!std::exchange(explains_crashes, true)) {
    std::atexit(explain_exit);
    std::at_quick_exit(explain_exit);
  }
}

void leave_crashes_alone() {
  explains_crashes = false;
  for (const int signal : kCrashes) std::signal(signal, SIG_DFL);
}

CrashScope::CrashScope(const char* plugin, const char* place) noexcept
    : outer_plugin_(running_plugin), outer_place_(running_place) {
  running_plugin = plugin;
  running_place = place;
}

CrashScope::~CrashScope() {
  running_plugin = outer_plugin_;
  running_place = outer_place_;
}

}  // namespace promptbed
