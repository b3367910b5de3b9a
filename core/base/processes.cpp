#include "base/processes.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

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

/// ProcessIdentity::start of a live process of this host, or "". In /proc/PID/stat the state is field 3 and
/// the start time field 22 (proc(5)); they are counted from behind the name, which may hold spaces and
/// parentheses.
std::string start_of(int64_t pid) {
  const std::string line = contents_of(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kState = 0, kStart = 19;
  if (fields.size() <= kStart || fields[kState] == "Z" || fields[kState] == "X") return {};
  const std::string boot = contents_of("/proc/sys/kernel/random/boot_id");
  return fmt::format("{}+{}", boot.substr(0, boot.find('\n')), fields[kStart]);
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) ::_exit(1);  // the reader is gone
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
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

/// A temporary file without a name: unlike with a pipe, neither end ever waits for the other.
class NamelessFile {
 public:
  NamelessFile() : file_(std::tmpfile(), &std::fclose) {
    if (!file_)
      throw Error(fmt::format("no temporary file can be made ({}); free space in the temporary folder",
                              std::strerror(errno)));
  }

  int descriptor() const { return ::fileno(file_.get()); }

  void fill(std::string_view text) const {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0)
      throw Error("a temporary file cannot be written; free space in the temporary folder");
    std::rewind(file_.get());
  }

  /// The whole file. Rewinds first: the program shares the file position and has moved it.
  std::string contents() const {
    std::rewind(file_.get());
    std::string all;
    std::array<char, 65536> piece{};
    while (const size_t count = std::fread(piece.data(), 1, piece.size(), file_.get()))
      all.append(piece.data(), count);
    return all;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
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
  return {.host = host_name(), .pid = ::getpid(), .start = start_of(::getpid())};
}

bool lives_here(const ProcessIdentity& process) {
  return process.host == host_name() && !process.start.empty() && start_of(process.pid) == process.start;
}

bool may_live(const ProcessIdentity& process) {
  return process.host != host_name() || lives_here(process);
}

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return fmt::format("signal {} ({})", WTERMSIG(wait_status), ::strsignal(WTERMSIG(wait_status)));
  return WEXITSTATUS(wait_status) == 0 ? "" : fmt::format("exit code {}", WEXITSTATUS(wait_status));
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
    action([&](std::string_view line) { write_all(ends[1], std::string(line) + '\n'); });
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
