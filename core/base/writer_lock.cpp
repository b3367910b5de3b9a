#include "base/writer_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ostream>
#include <system_error>
#include <thread>

#include "base/interrupt.h"

namespace promptbed {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(50);

int open_lock_file(const std::filesystem::path& path) {
  std::error_code reported_below;
  std::filesystem::create_directories(path.parent_path(), reported_below);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw Error(fmt::format("{}: cannot be written ({}); choose another folder with --cache", path.string(),
                            std::strerror(errno)));
  }
  return descriptor;
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& cache, std::ostream& log)
    : descriptor_(open_lock_file(cache.string() + ".lock")) {
  bool told = false;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (!told)
      log << fmt::format("{}: waiting for another process to finish writing", cache.string()) << std::endl;
    told = true;
    if (interrupted()) ::close(descriptor_);  // a constructor that throws has no destructor
    check_interrupt();
    std::this_thread::sleep_for(kPatience);
  }
}

WriterLock::~WriterLock() {
  ::close(descriptor_);
}

}  // namespace promptbed
