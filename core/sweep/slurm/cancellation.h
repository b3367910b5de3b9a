#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {

/// Ends all tasks that sweeps of this ledger have submitted. Returns how many arrays there were. What they
/// have finished is kept, and so are checkpoints. Waits up to a minute for them to end.
/// Throws Error.
size_t cancel_slurm_tasks(const std::filesystem::path& ledger);

/// Removes the arrays of which nobody has any use: everything of them is made and collected; none that was
/// submitted if Slurm does not answer. A task of theirs that is at work ends by itself; one that Slurm has
/// put back, or takes for running on a node that is gone, would begin some time, and fail without its array's
/// folder: it is ended, the latter after half a minute. What Slurm does not end is told of in the log.
void remove_needless_arrays(const TaskFolder& folder, std::ostream& log);

}  // namespace promptbed
