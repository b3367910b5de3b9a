#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// Identifies a process for good, although the system reuses process ids.
struct ProcessIdentity {
  std::string host;
  int64_t pid = 0;
  std::string start;  ///< "BOOT+TICKS@IDS": the host's boot id, clock ticks from boot to the process's start,
                      ///< and the namespace of process ids that it is in

  bool operator==(const ProcessIdentity&) const = default;
};

/// The calling process. Not cached: after a fork the child gets its own.
ProcessIdentity this_process();

/// Whether the process is known to be alive on this host. A zombie is not.
bool lives_here(const ProcessIdentity& process);

/// Whether the process may still be alive: false only if it ran on this host, among the processes that this
/// one sees, and is gone, or before this host's last start. A host is known by its name: hosts that share a
/// ledger need names of their own. Other hosts' processes and those of other containers (PID namespaces)
/// cannot be checked.
bool may_live(const ProcessIdentity& process);

/// "signal 11 (Segmentation fault)" or "exit code 3" for a status from wait(2); "" for exit code 0.
std::string describe_exit(int wait_status);

/// From now on this process ends, by _exit, once the other end of a socket has been closed for so long:
/// whatever its threads are doing, and whichever signals they block. Throws Error if the socket cannot be
/// watched.
void exit_after_hangup(int socket, std::chrono::milliseconds grace);

/// Runs `action` in a forked copy of this process, so that a crash stays there. Every line that it passes to
/// `tell` goes to `hear`, in order and at once. Returns describe_exit() of the copy. The calling process must
/// have no other threads, and `action` must not throw. Throws Error if no process can be started.
std::string run_in_child(
    const std::function<void(const std::function<void(std::string_view line)>& tell)>& action,
    const std::function<void(const std::string& line)>& hear);

/// What a program left behind when it ended.
struct ProgramEnd {
  std::string fault;   ///< describe_exit()
  std::string output;  ///< its standard output, any bytes
  std::string errors;  ///< its standard error
};

/// Runs the program `words[0]` from PATH with the remaining words as its arguments, feeds it `input`, and
/// waits for it to end. No shell is involved. Throws Error if the program cannot be started.
ProgramEnd run_program(const std::vector<std::string>& words, std::string_view input);

/// Whether PATH has such a program.
bool has_program(const std::string& name);

}  // namespace promptbed
