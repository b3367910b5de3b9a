#include "sweep/workers.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <promptbed/error.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/processes.h"
#include "base/signals.h"
#include "clip/towers/arithmetic.h"
#include "sweep/run.h"
#include "sweep/workbench.h"

namespace promptbed {
namespace {

constexpr int kWatchMilliseconds = 200;
constexpr int kEndMilliseconds = 10;  // while a process is ending, that a socket does not deliver
constexpr int kCannotStart = 127;

/// For a worker without its sweep, to end a step and keep where it stands: a plugin may never do so.
constexpr std::chrono::seconds kGrace{60};

/// How often workers that somebody else has stopped are replaced.
constexpr int64_t kMostReplaced = 10;  // a worker

/// What `runner` ends with when it was interrupted (docs/command-line.md).
constexpr int kInterruptedCode = 130;

/// What a worker says when it wants a job; all else that it says is an outcome.
constexpr std::string_view kReady = "ready";

/// One end of a socket through which lines go both ways.
class Channel {
 public:
  explicit Channel(int socket) : socket_(socket) {}
  Channel(Channel&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        pending_(std::move(other.pending_)),
        ended_(other.ended_) {}
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// To be polled; -1 once the other end has nothing more to say.
  int readable() const { return ended_ ? -1 : socket_; }

  /// False if nobody is at the other end any more.
  bool send(std::string_view line) const {
    std::string bytes(line);
    bytes += '\n';
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) return false;
      if (sent > 0) rest.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  /// Tells the other end that no more lines come.
  void end_sending() const { ::shutdown(socket_, SHUT_WR); }

  /// The next line, waited for; nothing if no more come.
  std::optional<std::string> receive() {
    while (pending_.find('\n') == std::string::npos) {
      if (!read_some(/*flags=*/0)) return std::nullopt;
    }
    return take_line();
  }

  /// The next line that has arrived; nothing if there is none yet.
  std::optional<std::string> receive_arrived() {
    while (pending_.find('\n') == std::string::npos) {
      if (!read_some(MSG_DONTWAIT)) return std::nullopt;
    }
    return take_line();
  }

 private:
  bool read_some(int flags) {
    std::array<char, 65536> piece{};
    ssize_t count = -1;
    do {
      count = ::recv(socket_, piece.data(), piece.size(), flags);
    } while (count < 0 && errno == EINTR);
    if (count > 0) pending_.append(piece.data(), static_cast<size_t>(count));
    ended_ = count == 0 || (count < 0 && errno != EAGAIN);
    return count > 0;
  }

  std::string take_line() {
    const size_t end = pending_.find('\n');
    std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return line;
  }

  int socket_;
  std::string pending_;
  bool ended_ = false;
};

Error cannot_start() {
  return Error(fmt::format("no worker process can be started ({}); end other programs or use fewer --jobs",
                           std::strerror(errno)));
}

/// A worker process, seen from the sweep. Its destructor stops it and waits for it.
class Worker {
 public:
  /// `number` is below the count of workers, and no two living workers share one.
  Worker(const std::filesystem::path& program, const BenchSpec& bench, int64_t number)
      : Worker(program, open_sockets()) {
    number_ = number;
    channel_.send(to_json_line(bench));
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    if (pid_ == 0) return;
    stop();
    ::waitpid(pid_, nullptr, 0);
  }

  int readable() const { return channel_.readable(); }
  const std::string& run() const { return run_; }
  int64_t number() const { return number_; }

  /// Asks it to end, in the middle of a job if it has one.
  void stop() const {
    channel_.end_sending();
    if (pid_ != 0) ::kill(pid_, kStopWorker);
  }

  /// Takes what the worker has sent, and gives it the next job if it lives and is ready for one.
  void serve(JobQueue& queue) {
    while (const std::optional<std::string> line = channel_.receive_arrived()) {
      if (*line != kReady) {
        take(*line, queue);
      } else if (pid_ != 0) {
        hand_out(queue);
      }
    }
  }

  /// Nothing while it lives; then how it ended.
  std::optional<WorkerEnd> end() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return std::nullopt;
    pid_ = 0;
    was_interrupted_ = WIFEXITED(status) && WEXITSTATUS(status) == kInterruptedCode;
    return WorkerEnd{.accident = fault_.empty() ? describe_exit(status) : fault_,
                     .killed = fault_.empty() && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                     .interrupted = fault_.empty() && WIFSIGNALED(status) &&
                                    (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT)};
  }

  /// Whether somebody else than the sweep stopped it, in order. To be asked once all that it said is taken.
  bool was_stopped() const {
    return fault_.empty() && run_.empty() && (gave_its_job_back_ || was_interrupted_);
  }

 private:
  using Sockets = std::array<int, 2>;

  static Sockets open_sockets() {
    Sockets sockets{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) throw cannot_start();
    return sockets;
  }

  Worker(const std::filesystem::path& program, Sockets sockets) : channel_(sockets[0]) {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(program.c_str(), sockets[1], parent);
    const int failure = errno;
    ::close(sockets[1]);
    errno = failure;
    if (pid_ < 0) throw cannot_start();
  }

  /// In the child: only calls that are safe after a fork of a process with threads.
  [[noreturn]] static void become(const char* program, int socket, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, kStopWorker);
    if (::getppid() != parent) ::_exit(kCannotStart);
    ::dup2(socket, STDIN_FILENO);
    ::execl(program, "runner", "sweep", kWorkerArgument, static_cast<char*>(nullptr));
    ::_exit(kCannotStart);
  }

  void hand_out(JobQueue& queue) {
    const std::optional<Job> job = queue.next();
    if (!job) {
      channel_.end_sending();
      return;
    }
    run_ = job->run.id();
    channel_.send(to_json_line(*job));  // if it is gone by now, its end says so
  }

  void take(const std::string& line, JobQueue& queue) {
    try {
      const JobOutcome outcome = parse_job_outcome(line);
      gave_its_job_back_ = outcome.stage == JobStage::interrupted && !queue.stops();
      if (gave_its_job_back_) {
        queue.take_back(outcome.run);
      } else {
        queue.report(outcome);
      }
      if (outcome.stage != JobStage::trained) run_.clear();
    } catch (const Error& fault) {  // a plugin has written into the socket, or worse
      fault_ = fmt::format("a message that cannot be read ({})", fault.what());
      if (pid_ != 0) ::kill(pid_, SIGKILL);  // it may have ended since; 0 would be our own group
    }
  }

  Channel channel_;
  pid_t pid_ = 0;
  int64_t number_ = 0;
  std::string run_;                 // the id of the job in hand, or ""
  std::string fault_;               // why it was killed, or ""
  bool gave_its_job_back_ = false;  // to a sweep that goes on
  bool was_interrupted_ = false;
};

/// Waits until a worker sends something or ends, or it is time to look around.
void wait_for(const std::list<Worker>& workers) {
  std::vector<pollfd> sockets;
  for (const Worker& worker : workers) sockets.push_back({worker.readable(), POLLIN, 0});
  const bool some_end = std::ranges::any_of(sockets, [](const pollfd& socket) { return socket.fd < 0; });
  ::poll(sockets.data(), sockets.size(), some_end ? kEndMilliseconds : kWatchMilliseconds);
}

/// Standard input as a channel. In its place comes an empty one, so that no plugin reads from the socket.
Channel take_over_standard_input() {
  const int socket = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::close(nothing);
  return Channel(socket);
}

}  // namespace

BenchSpec bench_of_worker(BenchSpec bench, int64_t worker, int64_t gpus) {
  torch::Device& device = bench.placement.device;
  if (gpus > 0 && device.is_cuda() && !device.has_index())
    device = torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(worker % gpus));
  return bench;
}

void run_local_workers(JobQueue& queue, const BenchSpec& bench, const LocalWorkers& settings) {
  std::list<Worker> workers;
  const auto start = [&](int64_t number) {
    workers.emplace_back(settings.program, bench_of_worker(bench, number, settings.gpus), number);
  };
  for (int64_t i = 0; i < std::min(settings.count, queue.waiting()); ++i) start(i);
  bool stopped = false;
  int64_t replaced = 0;  // of those that somebody else has stopped
  while (!workers.empty()) {
    wait_for(workers);
    for (auto worker = workers.begin(); worker != workers.end();) {
      auto end = worker->end();
      worker->serve(queue);  // also what it said before it ended
      if (!end) {
        ++worker;
        continue;
      }
      end->stopped = worker->was_stopped();
      const std::string run = worker->run();
      const int64_t number = worker->number();
      worker = workers.erase(worker);
      if (end->stopped && !queue.stops() && replaced < kMostReplaced * settings.count) {
        ++replaced;
        if (queue.waiting() > 0) start(number);
      } else if (run.empty()) {
        queue.note_accident(*end);  // another in its place would come to the same end
      } else {
        queue.lose(run, *end);
        if (queue.waiting() > 0) start(number);
      }
    }
    if (queue.stops() && !stopped) {
      for (const Worker& worker : workers) worker.stop();
      stopped = true;
    }
    settings.watch();
  }
}

bool work_for_sweep() {
  leave_crashes_alone();  // the sweep says whose they were
  Channel channel = take_over_standard_input();
  const std::optional<std::string> bench_line = channel.receive();
  if (!bench_line) throw Error("runner sweep --worker is for runner sweep to start; leave --worker out");
  exit_after_hangup(channel.readable(), kGrace);
  BenchSpec spec = parse_bench_spec(*bench_line);
  at::set_num_threads(static_cast<int>(spec.threads));
  settle_arithmetic(spec.placement);
  Workbench bench(std::move(spec));
  const auto report = [&](const JobOutcome& outcome) {
    if (!channel.send(to_json_line(outcome))) throw Interrupted();  // the sweep is gone
  };
  try {
    while (channel.send(kReady)) {
      const std::optional<std::string> line = channel.receive();
      if (!line) break;
      const JobOutcome end = make_job(parse_job(*line), bench, report);
      report(end);
      check_interrupt();
    }
  } catch (const Interrupted&) {
    return false;  // the sweep says so
  }
  return true;
}

}  // namespace promptbed
