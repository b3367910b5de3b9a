#include "base/crash.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

namespace promptbed {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Written by the thread at work, read by the handler in that thread.
thread_local const char* plugin_at_work = nullptr;
thread_local const char* place_at_work = nullptr;

/// Safe in a signal handler.
void say(const char* text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
}

extern "C" void explain(int signal) {
  if (plugin_at_work != nullptr) {
    const std::array<char, 3> number = {static_cast<char>(signal >= 10 ? '0' + signal / 10 : ' '),
                                        static_cast<char>('0' + signal % 10), '\0'};
    for (const char* text :
         {"runner: plugin ", plugin_at_work, " crashed in ", place_at_work, " with signal ",
          number[0] == ' ' ? number.data() + 1 : number.data(), "; mend it or take it out of its folder\n"})
      say(text);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void explain_crashes() {
  for (const int signal : kCrashes) std::signal(signal, explain);
}

void leave_crashes_alone() {
  for (const int signal : kCrashes) std::signal(signal, SIG_DFL);
}

CrashScope::CrashScope(const char* plugin, const char* place) noexcept
    : outer_plugin_(plugin_at_work), outer_place_(place_at_work) {
  plugin_at_work = plugin;
  place_at_work = place;
}

CrashScope::~CrashScope() {
  plugin_at_work = outer_plugin_;
  place_at_work = outer_place_;
}

}  // namespace promptbed
