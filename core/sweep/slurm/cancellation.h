#pragma once

#include <cstddef>
#include <filesystem>

namespace promptbed {

/// Ends all tasks that sweeps of this ledger have submitted. Returns how many arrays there were. What they
/// have finished is kept, and so are checkpoints. Waits up to a minute for them to end.
/// Throws Error.
size_t cancel_slurm_tasks(const std::filesystem::path& ledger);

}  // namespace promptbed
