#include "sweep/workers.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "base/processes.h"
#include "base/signals.h"

namespace promptbed {
namespace {

constexpr auto kWatchInterval = std::chrono::milliseconds(200);
constexpr int kCannotStart = 127;

/// One copy of the program. Its destructor stops it and waits for it.
class Worker {
 public:
  Worker(const std::vector<std::string>& arguments, int standard_input) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
      throw Error(fmt::format("no worker process can be started ({}); end other programs or use fewer --jobs",
                              std::strerror(errno)));
    if (pid_ == 0) become(argv.data(), standard_input, parent);
  }
  Worker(Worker&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Worker& operator=(Worker&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Worker() {
    if (pid_ == 0) return;
    stop();
    ::waitpid(pid_, nullptr, 0);
  }

  void stop() const {
    if (pid_ != 0) ::kill(pid_, SIGTERM);
  }

  /// Nothing while it works; then how it ended.
  std::optional<WorkerEnd> end() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return std::nullopt;
    WorkerEnd end{.pid = std::exchange(pid_, 0), .accident = describe_exit(status)};
    end.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    return end;
  }

 private:
  /// In the child: only calls that are safe after a fork of a process with threads.
  [[noreturn]] static void become(char* const* argv, int standard_input, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(kCannotStart);
    ::dup2(standard_input, STDIN_FILENO);
    ::execv("/proc/self/exe", argv);
    ::_exit(kCannotStart);
  }

  pid_t pid_ = 0;
};

/// A file without a name that holds the lines, to be read from its start and gone when it is closed.
class LinesFile {
 public:
  explicit LinesFile(const std::vector<std::string>& lines) : file_(std::tmpfile()) {
    if (file_ == nullptr)
      throw Error("no temporary file can be made for the worker processes; free some space");
    for (const std::string& line : lines) fmt::print(file_, "{}\n", line);
    std::rewind(file_);
  }
  ~LinesFile() { std::fclose(file_); }
  LinesFile(const LinesFile&) = delete;
  LinesFile& operator=(const LinesFile&) = delete;

  int descriptor() const { return ::fileno(file_); }

 private:
  std::FILE* file_;
};

}  // namespace

void run_workers(const std::vector<std::string>& arguments, const std::vector<std::string>& lines,
                 int64_t count, const std::function<Watch()>& watch, const AfterWorker& after_worker) {
  std::vector<Worker> workers;
  for (int64_t i = 0; i < count; ++i) workers.emplace_back(arguments, LinesFile(lines).descriptor());
  bool stopping = false;
  while (!workers.empty()) {
    std::vector<WorkerEnd> ends;
    std::erase_if(workers, [&](Worker& worker) {
      const auto end = worker.end();
      if (end) ends.push_back(*end);
      return end.has_value();
    });
    for (const WorkerEnd& end : ends) {
      const auto replacement = after_worker(end);
      if (replacement && !stopping && !interrupted())
        workers.emplace_back(arguments, LinesFile(*replacement).descriptor());
    }
    const bool stops = watch() == Watch::stop || interrupted();
    if (stops && !stopping) {
      for (const Worker& worker : workers) worker.stop();
      stopping = true;
    }
    if (!workers.empty()) std::this_thread::sleep_for(kWatchInterval);
  }
}

}  // namespace promptbed
