#include "sweep/slurm/cancellation.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/signals.h"
#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Until no task of cancelled jobs lives, so that what they keep at their end is kept by then. A node that
/// does not answer keeps its tasks for longer than anybody waits.
void wait_for_end_of(const std::vector<int64_t>& jobs) {
  if (jobs.empty()) return;
  constexpr std::chrono::seconds kLongest{60};
  constexpr std::chrono::milliseconds kLook{200};
  for (const auto begin = Clock::now(); Clock::now() - begin < kLongest;) {
    const auto live = live_tasks();
    const bool one_lives = live && std::ranges::any_of(*live, [&](const auto& task) {
                             return std::ranges::count(jobs, task.first.job) > 0;
                           });
    if ((live && !one_lives) || interrupted()) return;
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

size_t cancel_slurm_tasks(const fs::path& ledger) {
  const TaskFolder folder(ledger);
  const std::vector<ArrayFolder> arrays = folder.arrays();
  std::vector<int64_t> jobs;
  for (const ArrayFolder& array : arrays) {
    if (const auto submission = array.read_submission()) jobs.push_back(submission->job);
  }
  cancel(jobs);
  wait_for_end_of(jobs);
  for (const ArrayFolder& array : arrays) array.remove();
  folder.tidy();
  return jobs.size();
}

}  // namespace promptbed
