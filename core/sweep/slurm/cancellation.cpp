#include "sweep/slurm/cancellation.h"

#include <chrono>
#include <cstdint>
#include <vector>

#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {

namespace fs = std::filesystem;

size_t cancel_slurm_tasks(const fs::path& ledger) {
  const TaskFolder folder(ledger);
  const std::vector<ArrayFolder> arrays = folder.arrays();
  std::vector<int64_t> jobs;
  for (const ArrayFolder& array : arrays) {
    if (const auto submission = array.read_submission()) jobs.push_back(submission->job);
  }
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

}  // namespace promptbed
