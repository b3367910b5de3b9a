#pragma once

#include <filesystem>
#include <iosfwd>

#include "base/descriptor.h"

namespace promptbed {

/// The right to write a cache file: one holder at a time across all processes. The kernel releases it when a
/// process dies.
class WriterLock {
 public:
  /// Locks <cache>.lock, a file that goes with its last holder, and removes what killed holders left of their
  /// temporary files. If another process holds it, says so on `log` and waits. Throws Error if the file
  /// cannot be made or cannot be locked, as on a file system without locks, and Interrupted if the user gives
  /// up.
  WriterLock(const std::filesystem::path& cache, std::ostream& log);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  std::filesystem::path file_;
  Descriptor locked_;
};

/// Whether a process holds the lock of a cache file at this moment.
bool is_locked(const std::filesystem::path& cache);

/// Removes what a holder left that was killed before it could: its lock file, its temporary files. For
/// whoever has nothing to write and so no need of the lock. Waits for nobody, and leaves what it may not
/// remove.
void tidy_after_killed(const std::filesystem::path& cache);

}  // namespace promptbed
