#include "sweep/slurm/cancellation.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "sweep/slurm/extractions.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

std::vector<int64_t> jobs_of(const std::vector<ArrayFolder>& arrays) {
  std::vector<int64_t> jobs;
  for (const ArrayFolder& array : arrays) {
    if (const auto submission = array.read_submission()) jobs.push_back(submission->job);
  }
  return jobs;
}

/// Whether somebody may have use of an array: a task lives that has something left to make, or what one has
/// made is not collected.
bool is_needed(const ArrayFolder& array, const TaskFolder& folder, const LiveTasks& live) {
  const auto submission = array.read_submission();
  if (!submission) return !array.is_abandoned();
  if (is_extracting(*submission, live)) return true;
  for (size_t i = 0; i < submission->runs.size(); ++i) {
    const SlurmTask task{submission->job, static_cast<int64_t>(i) + 1};
    const bool is_alive = live.contains(task);
    const auto collected = is_alive ? array.collected(task.index) : std::set<std::string>();
    for (const std::string& run : submission->runs[i]) {
      if (folder.has_end(run) || (is_alive && !collected.contains(run))) return true;
    }
  }
  return false;
}

/// Sees to it that no task of these arrays is left. Throws Error if Slurm does not end one.
void dismiss_tasks(const std::vector<ArrayFolder>& arrays, const LiveTasks& live) {
  constexpr std::chrono::seconds kLongestEnd{30};
  const std::vector<int64_t> jobs = jobs_of(arrays);
  std::vector<SlurmTask> put_back;
  std::vector<int64_t> ending;
  for (const auto& [task, state] : live) {
    if (std::ranges::count(jobs, task.job) == 0) continue;
    if (state == "RUNNING" || state == "COMPLETING") {
      ending.push_back(task.job);
    } else {
      put_back.push_back(task);
    }
  }
  cancel(put_back);
  if (!ending.empty() && !wait_for_end(ending, kLongestEnd)) cancel(ending);
}

}  // namespace

size_t cancel_slurm_tasks(const fs::path& ledger) {
  const TaskFolder folder(ledger);
  const std::vector<ArrayFolder> arrays = folder.arrays();
  const std::vector<int64_t> jobs = jobs_of(arrays);
  if (!jobs.empty()) {
    // So that what tasks keep at their end is kept; a node that does not answer has its for longer than
    // anybody waits.
    cancel(jobs);
    wait_for_end(jobs, std::chrono::seconds(60));
  }
  for (const ArrayFolder& array : arrays) array.remove();
  folder.tidy();
  return jobs.size();
}

void remove_needless_arrays(const TaskFolder& folder, std::ostream& log) {
  std::vector<ArrayFolder> arrays = folder.arrays();  // before Slurm says which tasks there are
  const std::optional<LiveTasks> live = live_tasks();
  std::erase_if(arrays, [&](const ArrayFolder& array) {
    return live ? is_needed(array, folder, *live) : array.read_submission() || !array.is_abandoned();
  });
  try {
    if (live) dismiss_tasks(arrays, *live);
  } catch (const Error& fault) {
    log << fmt::format("tasks that have nothing left to make are not ended: {}", fault.what()) << std::endl;
  }
  for (const ArrayFolder& array : arrays) array.remove();
  folder.tidy();
}

}  // namespace promptbed
