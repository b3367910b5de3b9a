#include "sweep/workers.h"

#include <fmt/format.h>
#include <promptbed/error.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "base/interrupt.h"

namespace promptbed {
namespace {

constexpr auto kWatchInterval = std::chrono::milliseconds(200);
constexpr int kInterruptedExit = 130;

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
      throw Error(fmt::format("no worker process can be started ({}); use --jobs 1", std::strerror(errno)));
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

  /// Whether it has ended. Throws Error where it ended otherwise than by itself or by request.
  bool ended() {
    int status = 0;
    if (pid_ == 0) return true;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return false;
    pid_ = 0;
    if (WIFSIGNALED(status) && !interrupted()) {
      throw Error(fmt::format(
          "a worker process was ended by signal {} ({}); run the sweep again, with fewer --jobs if "
          "memory was short",
          WTERMSIG(status), ::strsignal(WTERMSIG(status))));
    }
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kInterruptedExit;
    if (code > 1 && code != kInterruptedExit) {
      throw Error(fmt::format("a worker process ended with exit code {}; its error stands above", code));
    }
    return true;
  }

 private:
  /// In the child: only calls that are safe after a fork of a process with threads.
  [[noreturn]] static void become(char* const* argv, int standard_input, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(kInterruptedExit);
    ::lseek(standard_input, 0, SEEK_SET);
    ::dup2(standard_input, STDIN_FILENO);
    ::execv("/proc/self/exe", argv);
    ::_exit(127);
  }

  pid_t pid_ = 0;
};

/// A file without a name that holds the lines, open for reading and gone when it is closed.
class LinesFile {
 public:
  explicit LinesFile(const std::vector<std::string>& lines) : file_(std::tmpfile()) {
    if (file_ == nullptr)
      throw Error("no temporary file can be made for the worker processes; free some space");
    for (const std::string& line : lines) fmt::print(file_, "{}\n", line);
    std::fflush(file_);
  }
  ~LinesFile() { std::fclose(file_); }
  LinesFile(const LinesFile&) = delete;
  LinesFile& operator=(const LinesFile&) = delete;

  /// A descriptor of its own for one reader, at the file's start.
  int open() const {
    const int descriptor =
        ::open(fmt::format("/proc/self/fd/{}", ::fileno(file_)).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
      throw Error(fmt::format("no worker process can be given its runs ({})", std::strerror(errno)));
    return descriptor;
  }

 private:
  std::FILE* file_;
};

}  // namespace

void run_workers(const std::vector<std::string>& arguments, const std::vector<std::string>& lines,
                 int64_t jobs, const std::function<void()>& watch) {
  const LinesFile file(lines);
  std::vector<Worker> workers;
  for (int64_t i = 0; i < jobs; ++i) {
    const int input = file.open();
    workers.emplace_back(arguments, input);
    ::close(input);
  }
  bool asked_to_stop = false;
  while (!workers.empty()) {
    if (interrupted() && !asked_to_stop) {
      for (const Worker& worker : workers) worker.stop();
      asked_to_stop = true;
    }
    std::erase_if(workers, [](Worker& worker) { return worker.ended(); });
    watch();
    std::this_thread::sleep_for(kWatchInterval);
  }
}

}  // namespace promptbed
