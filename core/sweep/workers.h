#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace promptbed {

/// How a worker process ended.
struct WorkerEnd {
  int64_t pid = 0;
  std::string accident;  ///< "" where it ended well; otherwise "signal 11 (Segmentation fault)" or the like
  bool killed = false;   ///< by SIGKILL, which the system sends where memory is short
};

/// Whether workers go on.
enum class Watch { go_on, stop };

/// Decides what follows the end of a worker: the lines for another in its place, or none.
using AfterWorker = std::function<std::optional<std::vector<std::string>>(const WorkerEnd& end)>;

/// Starts `count` copies of this program with the given arguments, writes the lines to the standard input of
/// each, and waits for them all. Calls `watch` a few times a second, and `after_worker` when one has ended.
/// On Ctrl-C, and where `watch` says so, the copies are asked to stop and waited for, and none is replaced;
/// they also stop where this process dies. Throws Error where a copy cannot be started.
void run_workers(const std::vector<std::string>& arguments, const std::vector<std::string>& lines,
                 int64_t count, const std::function<Watch()>& watch, const AfterWorker& after_worker);

}  // namespace promptbed
