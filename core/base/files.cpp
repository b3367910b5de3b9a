#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>
#include <thread>

#include "base/signals.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr auto kLockRetry = std::chrono::milliseconds(50);

int open_lock_file(const fs::path& path) {
  std::error_code reported_below;
  fs::create_directories(path.parent_path(), reported_below);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw Error(fmt::format("{}: cannot be written ({}); choose another folder with --cache", path.string(),
                            std::strerror(errno)));
  }
  return descriptor;
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure))
    throw Error(fmt::format("{}: is a folder; give a file", path.string()));
  std::ifstream in(path, std::ios::binary);
  std::string contents((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    throw Error(fmt::format("{}: cannot be read ({}); check the path and its permissions", path.string(),
                            std::strerror(errno)));
  }
  return contents;
}

nlohmann::json read_json(const fs::path& path) {
  const std::string text = read_file(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& fault) {
    const auto before = std::string_view(text).substr(0, fault.byte > 0 ? fault.byte - 1 : 0);
    throw Error(fmt::format("{}, line {}: is not JSON; fix or replace the file", path.string(),
                            1 + std::ranges::count(before, '\n')));
  }
}

void write_atomically(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  fs::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  try {
    write(temporary);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& fault) {
    fs::remove(temporary, failure);
    throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space", path.string(),
                            fault.code().message()));
  } catch (...) {
    fs::remove(temporary, failure);
    throw;
  }
}

void write_file(const fs::path& path, std::string_view contents) {
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    if (!out) {
      throw Error(fmt::format("{}: cannot be written ({}); check the folder and its free space",
                              path.string(), std::strerror(errno)));
    }
  });
}

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  while (true) {
    const size_t end = path.find('/');
    if (path.substr(0, end) == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

WriterLock::WriterLock(const fs::path& cache, std::ostream& log)
    : descriptor_(open_lock_file(cache.string() + ".lock")) {
  for (bool announced = false; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0; announced = true) {
    if (!announced)
      log << fmt::format("{}: waiting for another process to finish writing", cache.string()) << std::endl;
    if (interrupted()) ::close(descriptor_);  // the destructor of what throws in its constructor never runs
    check_interrupt();
    std::this_thread::sleep_for(kLockRetry);
  }
}

WriterLock::~WriterLock() {
  ::close(descriptor_);
}

}  // namespace promptbed
