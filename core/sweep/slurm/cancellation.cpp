#include "sweep/slurm/cancellation.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

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

void dismiss_slurm_tasks(const std::vector<ArrayFolder>& arrays,
                         const std::map<SlurmTask, std::string>& live) {
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

}  // namespace promptbed
