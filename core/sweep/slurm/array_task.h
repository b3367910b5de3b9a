#pragma once

#include <filesystem>

namespace promptbed {

/// The argument by which `runner sweep` is told to be a task of an array, before the array's folder.
inline constexpr const char* kTaskArgument = "--task";

/// A task's side: makes the jobs that the sweep wrote into the array's folder for SLURM_ARRAY_TASK_ID, one
/// after another, and keeps what becomes of each there. What an earlier start of the task has finished is not
/// repeated, and what it had in hand goes on from its checkpoint. Throws Interrupted when the task is to end,
/// and Error if the folder is not what a sweep wrote, or this runner is another than the sweep's.
void make_array_task(const std::filesystem::path& array);

}  // namespace promptbed
