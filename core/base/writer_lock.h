#pragma once

#include <filesystem>
#include <iosfwd>

namespace promptbed {

/// The right to write a cache file: one holder at a time, over all processes. The kernel takes it back from a
/// process that dies.
class WriterLock {
 public:
  /// Locks <cache>.lock, which it makes and leaves in place. Where another has it, says so on `log` and
  /// waits. Throws Error where the file cannot be made, Interrupted where the user gives up.
  WriterLock(const std::filesystem::path& cache, std::ostream& log);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace promptbed
