// To be preloaded: logs, in order and over all processes, what makes files durable. Each line of the file
// CALL_LOG is
//   sync PATH      (fsync or fdatasync)
//   rename FROM TO
//   unlink PATH
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void log_line(const std::string& line) {
  const char* path = std::getenv("CALL_LOG");
  if (path == nullptr) return;
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const std::string whole = line + '\n';
  if (::write(file, whole.data(), whole.size()) < 0) std::abort();
  ::close(file);
}

std::string path_of(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof(path));
  return {path, length > 0 ? static_cast<size_t>(length) : 0};
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int fsync(int descriptor) {
  const int result = next<int(int)>("fsync")(descriptor);
  log_line("sync " + path_of(descriptor));
  return result;
}

__attribute__((visibility("default"))) int fdatasync(int descriptor) {
  const int result = next<int(int)>("fdatasync")(descriptor);
  log_line("sync " + path_of(descriptor));
  return result;
}

__attribute__((visibility("default"))) int rename(const char* from, const char* to) noexcept {
  const int result = next<int(const char*, const char*)>("rename")(from, to);
  log_line("rename " + std::string(from) + ' ' + to);
  return result;
}

__attribute__((visibility("default"))) int unlink(const char* path) noexcept {
  const int result = next<int(const char*)>("unlink")(path);
  log_line("unlink " + std::string(path));
  return result;
}

}  // extern "C"
