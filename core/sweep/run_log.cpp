#include "sweep/run_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <system_error>

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Redirects one of this process's descriptors to `target`, and returns a descriptor of its former target.
int redirect(int descriptor, int target) {
  const int before = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  ::dup2(target, descriptor);
  return before;
}

void restore(int descriptor, int before) {
  if (before < 0) return;
  ::dup2(before, descriptor);
  ::close(before);
}

void flush_standard_streams() {
  std::fflush(stdout);
  std::fflush(stderr);
}

}  // namespace

RunLog::RunLog(const fs::path& path, const std::string& title) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) {
    throw Error(
        fmt::format("{}: the run's log cannot be written; check the folder's permissions and the "
                    "free space",
                    path.string()));
  }
  out_.open(path, std::ios::app);
  out_ << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), title) << std::flush;
  flush_standard_streams();
  standard_output_ = redirect(STDOUT_FILENO, file);
  standard_error_ = redirect(STDERR_FILENO, file);
  ::close(file);
}

RunLog::~RunLog() {
  flush_standard_streams();
  restore(STDOUT_FILENO, standard_output_);
  restore(STDERR_FILENO, standard_error_);
}

}  // namespace promptbed
