#include "base/child_process.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace promptbed {
namespace {

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) ::_exit(1);  // nobody listens any more
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

/// Passes on each whole line until the other end is closed.
void read_lines(int file, const std::function<void(const std::string& line)>& hear) {
  std::string pending;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    pending.append(piece.data(), static_cast<size_t>(count));
    for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      hear(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
  }
}

}  // namespace

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return fmt::format("signal {} ({})", WTERMSIG(wait_status), ::strsignal(WTERMSIG(wait_status)));
  return WEXITSTATUS(wait_status) == 0 ? "" : fmt::format("exit code {}", WEXITSTATUS(wait_status));
}

std::string run_in_child(
    const std::function<void(const std::function<void(std::string_view line)>& tell)>& action,
    const std::function<void(const std::string& line)>& hear) {
  std::array<int, 2> ends{};
  std::fflush(nullptr);  // what is buffered would be written twice
  pid_t child = -1;
  if (::pipe(ends.data()) == 0) child = ::fork();
  if (child < 0)
    throw Error(fmt::format("no process can be started ({}); end other programs", std::strerror(errno)));
  if (child == 0) {
    ::close(ends[0]);
    action([&](std::string_view line) { write_all(ends[1], std::string(line) + '\n'); });
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  read_lines(ends[0], hear);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return describe_exit(status);
}

}  // namespace promptbed
