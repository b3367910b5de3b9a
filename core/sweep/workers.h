#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "sweep/job_queue.h"
#include "sweep/sweep_spec.h"

namespace promptbed {

/// The argument by which `runner sweep` is told to be a worker.
inline constexpr const char* kWorkerArgument = "--worker";

/// Worker processes on this machine.
struct LocalWorkers {
  int64_t count = 1;
  int64_t gpus = 0;                                  ///< that `cuda` stands for, one worker after another
  std::filesystem::path program = "/proc/self/exe";  ///< `runner`
  std::function<void()> watch = [] {};               ///< called a few times a second meanwhile
};

/// What one of the workers gets: where the bench says `cuda`, each has a GPU of its own as far as they go,
/// and a worker that takes another's place takes its GPU.
BenchSpec bench_of_worker(BenchSpec bench, int64_t worker, int64_t gpus);

/// Has the jobs of a queue made by worker processes, copies of `runner` that get the bench and then one job
/// after another through a socket and send back what becomes of them. A worker that dies in the middle of a
/// job fails this job alone, and another takes its place. One that somebody else stops is replaced as well,
/// and its job goes on from where it stood. When the queue stops, workers are asked to stop and waited for.
/// If this process dies they stop, too, within a minute. Throws Error if a worker cannot be started.
void run_local_workers(JobQueue& queue, const BenchSpec& bench, const LocalWorkers& settings);

/// A worker's side, for a process whose standard input is such a socket: makes jobs until no more come, and
/// returns whether it did so without being interrupted. Throws Error if the bench cannot be set up, and if
/// standard input is no such socket.
bool work_for_sweep();

}  // namespace promptbed
