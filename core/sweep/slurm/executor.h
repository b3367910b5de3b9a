#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/job_queue.h"
#include "sweep/slurm/settings.h"
#include "sweep/sweep_spec.h"

/// Sweeps whose runs are made by the tasks of Slurm arrays. One process writes the ledger: the sweep, while
/// it is there. Without it tasks go on, and keep what they have for the next one.
namespace promptbed {

/// Has the jobs of a queue made by tasks that sbatch is given, and reports what becomes of them as it comes.
/// Runs that an earlier sweep of the same ledger has submitted, and whose tasks live or have ended them, are
/// not submitted again. A task that ends without its runs costs the one that it had in hand an attempt; the
/// others are submitted again. When the queue stops, the tasks go on. Throws Error if Slurm refuses an array,
/// if tasks end before runner has begun, and if the folder beside the ledger cannot be written.
///
/// Features that are missing are extracted first, by an array of tasks that share out the datasets; the tasks
/// with the jobs begin when all of those have ended. If one ended badly, they extract what it has left.
void run_slurm_tasks(JobQueue& queue, const BenchSpec& bench, const std::vector<Extraction>& missing,
                     const SlurmSettings& settings, std::ostream& log);

}  // namespace promptbed
