#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {

/// Ends all tasks that sweeps of this ledger have submitted. Returns how many arrays there were. What they
/// have finished is kept, and so are checkpoints. Waits up to a minute for them to end.
/// Throws Error.
size_t cancel_slurm_tasks(const std::filesystem::path& ledger);

/// Sees to it that no task is left of arrays of which everything is made; `live` are those that Slurm names,
/// and their states. One at work ends by itself. One that Slurm has put back, or takes for running on a node
/// that is gone, would begin some time, and fail without its array's folder: it is ended, the latter after
/// half a minute. Throws Error if Slurm does not end it.
void dismiss_slurm_tasks(const std::vector<ArrayFolder>& arrays,
                         const std::map<SlurmTask, std::string>& live);

}  // namespace promptbed
