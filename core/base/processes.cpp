#include "base/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <promptbed/error.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"

extern char** environ;  // NOLINT: named by POSIX

namespace promptbed {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string contents_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string boot_id() {
  const std::string line = contents_of("/proc/sys/kernel/random/boot_id");
  return line.substr(0, line.find('\n'));
}

/// What the system calls a link of /proc: "pid:[4026531836]" for ns/pid, the namespace of our process ids.
std::string link_of(const char* path) {
  std::array<char, 64> target{};
  const ssize_t length = ::readlink(path, target.data(), target.size());
  return {target.data(), length > 0 ? static_cast<size_t>(length) : 0};
}

/// The namespace in which this process's ids have their meaning: in a container 17 is another process than
/// outside. Empty if /proc shows the ids of another one and can say nothing of ours.
std::string pid_namespace() {
  if (link_of("/proc/self") != std::to_string(::getpid())) return {};
  const std::string link = link_of("/proc/self/ns/pid");
  const size_t begin = link.find('[');
  return begin == std::string::npos ? "" : link.substr(begin + 1, link.find(']') - begin - 1);
}

/// When a live process began, as clock ticks since boot; "" if there is none or it is a zombie. In
/// /proc/PID/stat the state is field 3 and the start time field 22 (proc(5)); they are counted from behind
/// the name, which may hold spaces and parentheses.
std::string ticks_of(const std::string& pid) {
  const std::string line = contents_of(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kState = 0, kStart = 19;
  if (fields.size() <= kStart || fields[kState] == "Z" || fields[kState] == "X") return {};
  return fields[kStart];
}

/// The parts of ProcessIdentity::start. Those that older versions wrote have no namespace.
struct Start {
  std::string boot, ticks, ids;
};

Start parts_of(const std::string& start) {
  const size_t ticks = start.find('+');
  const size_t ids = start.find('@');
  if (ticks == std::string::npos) return {};
  return {start.substr(0, ticks), start.substr(ticks + 1, ids - ticks - 1),
          ids == std::string::npos ? "" : start.substr(ids + 1)};
}

enum class Life { alive, gone, unknown };

/// What this process can say about another.
Life life_of(const ProcessIdentity& process) {
  if (process.host != host_name()) return Life::unknown;
  const Start start = parts_of(process.start);
  if (start.boot != boot_id()) return Life::gone;  // the host has been started again
  const std::string ours = pid_namespace();
  if (ours.empty() || (!start.ids.empty() && start.ids != ours))
    return process == this_process() ? Life::alive : Life::unknown;
  const bool is_there = !start.ticks.empty() && ticks_of(std::to_string(process.pid)) == start.ticks;
  return is_there ? Life::alive : Life::gone;
}

/// Passes on every whole line until the other end is closed.
void pass_on_lines(int file, const std::function<void(const std::string& line)>& hear) {
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

/// A file in memory, without a name: no disk can be full, and unlike with a pipe neither end ever waits for
/// the other.
class NamelessFile {
 public:
  NamelessFile() : file_(::memfd_create("promptbed", MFD_CLOEXEC)) {
    if (!file_) throw Error(fmt::format("no file in memory can be made ({})", std::strerror(errno)));
  }

  int descriptor() const { return file_.number(); }

  /// For a program that reads from the beginning.
  void fill(std::string_view text) const {
    if (!write_all(descriptor(), text))
      throw Error(
          fmt::format("a program's input cannot be kept in memory ({}); free memory", std::strerror(errno)));
    ::lseek(descriptor(), 0, SEEK_SET);
  }

  /// The whole file, wherever the program has moved the position that it shares.
  std::string contents() const {
    std::string all;
    std::array<char, 65536> piece{};
    while (true) {
      const ssize_t count = ::pread(descriptor(), piece.data(), piece.size(), static_cast<off_t>(all.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return all;
      all.append(piece.data(), static_cast<size_t>(count));
    }
  }

 private:
  Descriptor file_;
};

/// Redirects the standard streams of a program about to be started.
class Streams {
 public:
  Streams(const NamelessFile& input, const NamelessFile& output, const NamelessFile& errors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input.descriptor(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, errors.descriptor(), STDERR_FILENO);
  }
  ~Streams() { ::posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// Waits for the child; returns its status as of wait(2).
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ProcessIdentity this_process() {
  return {.host = host_name(),
          .pid = ::getpid(),
          .start = fmt::format("{}+{}@{}", boot_id(), ticks_of("self"), pid_namespace())};
}

bool lives_here(const ProcessIdentity& process) {
  return life_of(process) == Life::alive;
}

bool may_live(const ProcessIdentity& process) {
  return life_of(process) != Life::gone;
}

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return fmt::format("signal {} ({})", WTERMSIG(wait_status), ::strsignal(WTERMSIG(wait_status)));
  return WEXITSTATUS(wait_status) == 0 ? "" : fmt::format("exit code {}", WEXITSTATUS(wait_status));
}

void exit_after_hangup(int socket, std::chrono::milliseconds grace) {
  const int watched = ::fcntl(socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (watched < 0) throw Error(fmt::format("a socket cannot be watched ({})", std::strerror(errno)));
  // The thread takes no signal from those that handle it.
  sigset_t all{}, before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([watched, grace] {
    pollfd end{watched, 0, 0};
    while (end.revents == 0) ::poll(&end, 1, -1);
    std::this_thread::sleep_for(grace);
    ::_exit(EXIT_FAILURE);
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::string run_in_child(
    const std::function<void(const std::function<void(std::string_view line)>& tell)>& action,
    const std::function<void(const std::string& line)>& hear) {
  std::array<int, 2> ends{};
  std::fflush(nullptr);  // or both processes would write what is buffered
  pid_t child = -1;
  if (::pipe(ends.data()) == 0) child = ::fork();
  if (child < 0)
    throw Error(fmt::format("no process can be started ({}); end other programs", std::strerror(errno)));
  if (child == 0) {
    ::close(ends[0]);
    action([&](std::string_view line) {
      if (!write_all(ends[1], std::string(line) + '\n')) ::_exit(1);  // the reader is gone
    });
    std::fflush(nullptr);
    ::_exit(0);
  }
  ::close(ends[1]);
  pass_on_lines(ends[0], hear);
  ::close(ends[0]);
  return describe_exit(wait_for(child));
}

ProgramEnd run_program(const std::vector<std::string>& words, std::string_view input) {
  const NamelessFile in, out, err;
  in.fill(input);
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));  // never written to
  arguments.push_back(nullptr);
  const Streams streams(in, out, err);
  pid_t child = -1;
  const int failure =
      ::posix_spawnp(&child, arguments[0], streams.get(), /*attrp=*/nullptr, arguments.data(), environ);
  if (failure != 0) throw Error(fmt::format("{}: cannot be started ({})", words[0], std::strerror(failure)));
  const std::string fault = describe_exit(wait_for(child));
  return {fault, out.contents(), err.contents()};
}

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((std::filesystem::path(folder) / name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace promptbed
