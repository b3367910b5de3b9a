#pragma once

namespace promptbed {

/// From now on a crash inside a CrashScope (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) says in one line on
/// standard error whose it is, before the process ends as it would have.
void explain_crashes();

/// The reverse: for a process whose end another one explains.
void leave_crashes_alone();

/// Says what is at work while it lives. Both texts have to live as long; scopes may be nested.
///
///     const CrashScope scope("mine.so", "bind()");
///     // runner: plugin mine.so crashed in bind() with signal 11; mend it or take it out of its folder
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
