#include "base/writer_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <ostream>
#include <system_error>
#include <thread>

#include "base/descriptor.h"
#include "base/files.h"
#include "base/signals.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr auto kRetry = std::chrono::milliseconds(50);

fs::path lock_file(const fs::path& cache) {
  return cache.string() + ".lock";
}

/// Opens a lock file that exists; nothing where there is none.
Descriptor open_existing(const fs::path& file) {
  return Descriptor(::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
}

Error unusable(const fs::path& file, const char* what) {
  return Error(fmt::format("{}: {} ({}); choose another folder with --cache", file.string(), what,
                           std::strerror(errno)));
}

Descriptor open_lock_file(const fs::path& file) {
  Descriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!opened) throw unusable(file, "cannot be written");
  return opened;
}

/// Whether the lock is ours now; false if another process holds it. Throws Error for anything else: waiting
/// for a file system that has no locks would take for ever.
bool try_lock(const Descriptor& opened, const fs::path& file) {
  while (::flock(opened.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno == EINTR) continue;
    const bool fault_is_lasting = errno == ENOSYS || errno == EOPNOTSUPP;
    const Error fault = unusable(file, "cannot be locked");
    if (fault_is_lasting) ::unlink(file.c_str());  // it is nobody's, and will never be
    throw fault;
  }
  return true;
}

/// Whether the path still leads to the open file: its last holder may have removed it since it was opened.
bool is_in_place(const Descriptor& opened, const fs::path& file) {
  struct stat ours {
  }, present{};
  return ::fstat(opened.number(), &ours) == 0 && ::lstat(file.c_str(), &present) == 0 &&
         ours.st_dev == present.st_dev && ours.st_ino == present.st_ino;
}

/// The lock file, made if necessary and locked.
Descriptor acquire(const fs::path& file, const fs::path& cache, std::ostream& log) {
  std::error_code reported_below;
  fs::create_directories(file.parent_path(), reported_below);
  for (bool announced = false;;) {
    Descriptor opened = open_lock_file(file);
    if (try_lock(opened, file)) {
      if (is_in_place(opened, file)) return opened;
      continue;
    }
    if (!announced)
      log << fmt::format("{}: waiting for another process to finish writing", cache.string()) << std::endl;
    announced = true;
    check_interrupt();
    std::this_thread::sleep_for(kRetry);
  }
}

}  // namespace

WriterLock::WriterLock(const fs::path& cache, std::ostream& log)
    : file_(lock_file(cache)), locked_(acquire(file_, cache, log)) {
  remove_temporaries(cache);
}

WriterLock::~WriterLock() {
  ::unlink(file_.c_str());  // while it is locked: whoever waits for it looks at the path again
}

bool is_locked(const fs::path& cache) {
  const Descriptor opened = open_existing(lock_file(cache));
  return opened && ::flock(opened.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void tidy_after_killed(const fs::path& cache) {
  const fs::path file = lock_file(cache);
  const Descriptor opened = open_existing(file);
  if (!opened || ::flock(opened.number(), LOCK_EX | LOCK_NB) != 0 || !is_in_place(opened, file)) return;
  remove_temporaries(cache);
  ::unlink(file.c_str());
}

}  // namespace promptbed
