#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Slurm's own commands, as sweeps use them: sbatch, squeue, scancel, and sacct or scontrol for how a task
/// ended.
namespace promptbed {

/// A task of an array job.
struct SlurmTask {
  int64_t job = 0;    ///< number of the array job
  int64_t index = 0;  ///< its place in the array, from 1

  auto operator<=>(const SlurmTask&) const = default;

  /// "17_3", as Slurm writes it.
  std::string text() const;
};

/// The user's tasks that have not ended, with their states ("PENDING", "RUNNING").
using LiveTasks = std::map<SlurmTask, std::string>;

/// Whether a task of an array job is among them.
bool lives(int64_t job, const LiveTasks& live);

/// An array job to be submitted. Slurm runs the script with its arguments in each task.
struct SlurmArray {
  int64_t tasks = 1;
  int64_t threads = 1;  ///< of each
  std::filesystem::path script;
  std::vector<std::string> arguments;
  std::filesystem::path log;         ///< "%a" stands for a task's index
  std::vector<int64_t> after;        ///< jobs that have to end first, however
  std::vector<std::string> options;  ///< "--partition=gpu", which win over ours
};

/// "partition=gpu,time=2:00:00,exclusive" -> sbatch's options. Commas in brackets belong to a value:
/// "nodelist=n[1,3]". Throws Error for an option that the sweep itself sets.
std::vector<std::string> parse_slurm_options(const std::string& text);

/// Throws Error unless Slurm's commands are on this machine.
void check_for_slurm();

/// Returns the array job's number. Throws Error with sbatch's own words if it refuses.
int64_t submit(const SlurmArray& array);

/// Those that Slurm names; nothing if its controller does not answer now.
std::optional<LiveTasks> live_tasks();

/// What Slurm knows of a task that squeue does not name.
struct TaskEnd {
  bool lives = false;     ///< it has not ended after all
  std::string text = {};  ///< how it ended: "TIMEOUT", "FAILED (exit code 127)"; "" if Slurm no longer knows
};
TaskEnd end_of(const SlurmTask& task);

/// Ends the tasks of these array jobs, or these tasks alone. Throws Error if Slurm does not.
void cancel(const std::vector<int64_t>& jobs);
void cancel(const std::vector<SlurmTask>& tasks);

/// Waits until no task of these array jobs lives, until Ctrl-C, and at most so long. Returns whether none
/// does.
bool wait_for_end(const std::vector<int64_t>& jobs, std::chrono::milliseconds longest);

/// The most tasks that this cluster lets an array have (MaxArraySize).
int64_t most_tasks();

}  // namespace promptbed
