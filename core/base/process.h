#pragma once

#include <cstdint>
#include <string>

namespace promptbed {

/// A process that no later one can be mistaken for, although process numbers come again.
struct ProcessIdentity {
  std::string host;
  int64_t pid = 0;
  std::string start;  ///< which boot of the host, and clock ticks from it to the process's start

  bool operator==(const ProcessIdentity&) const = default;
};

/// The calling process. Not remembered: after a fork the child gets its own.
ProcessIdentity this_process();

/// Whether the process is known to live on this host; a zombie does not.
bool lives_here(const ProcessIdentity& process);

/// Whether the process may still be at work: false only for one of this host that is gone, since nobody can
/// ask another host.
bool may_live(const ProcessIdentity& process);

}  // namespace promptbed
