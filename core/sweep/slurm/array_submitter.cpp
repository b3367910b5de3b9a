#include "sweep/slurm/array_submitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/signals.h"
#include "base/text.h"
#include "sweep/deal_out.h"
#include "sweep/slurm/array_task.h"
#include "table/table.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// What Slurm runs in each task, with runner and its words. The step that srun makes is what --signal
/// reaches; 75 says that it was stopped in the middle of something, and goes on when it is put back.
constexpr std::string_view kScript = R"(#!/bin/bash
srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" "$@"
code=$?
[ $code -eq 75 ] && scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
exit $code
)";

}  // namespace

ArraySubmitter::ArraySubmitter(const TaskFolder& folder, const BenchSpec& bench,
                               const SlurmSettings& settings, std::ostream& log)
    : folder_(folder), bench_(bench), settings_(settings), log_(log) {
  bench_.ledger = fs::absolute(bench.ledger);
}

SubmittedArray ArraySubmitter::submit(const std::vector<const Job*>& jobs,
                                      const std::vector<Extraction>& needed,
                                      const std::vector<int64_t>& after) const {
  const auto tasks = plan_tasks(jobs, limits());
  ArrayFolder::Submission submission;
  for (const auto& task : tasks) {
    submission.runs.emplace_back();
    for (const Job* job : task) submission.runs.back().push_back(job->run.id());
  }
  SubmittedArray array = submit(std::move(submission), tasks.size(), after,
                                [&](const ArrayFolder& folder) { folder.write(bench_, tasks, needed); });
  tell(array, plural(jobs.size(), "run"));
  return array;
}

SubmittedArray ArraySubmitter::submit(const std::vector<const Extraction*>& extractions) const {
  ArrayFolder::Submission submission;
  std::vector<int64_t> images;
  for (const Extraction* extraction : extractions) {
    submission.datasets.push_back(extraction->dataset);
    images.push_back(extraction->missing);
  }
  std::vector<std::vector<const Extraction*>> tasks(
      std::min(extractions.size(), static_cast<size_t>(limits().tasks)));
  const std::vector<size_t> task_of = deal_out(images, tasks.size());
  for (size_t i = 0; i < extractions.size(); ++i) tasks[task_of[i]].push_back(extractions[i]);
  SubmittedArray array = submit(std::move(submission), tasks.size(), {},
                                [&](const ArrayFolder& folder) { folder.write(bench_, tasks); });
  tell(array, "features of " + plural(extractions.size(), "dataset"));
  return array;
}

TaskLimits ArraySubmitter::limits() const {
  TaskLimits limits = settings_.limits;
  limits.tasks = std::min(limits.tasks, most_tasks());
  return limits;
}

SubmittedArray ArraySubmitter::submit(ArrayFolder::Submission submission, size_t tasks,
                                      const std::vector<int64_t>& after,
                                      const std::function<void(const ArrayFolder& array)>& write) const {
  const ArrayFolder folder = folder_.make_array();
  const fs::path script = folder.path() / "task.sh";
  try {
    write(folder);
    write_file(script, kScript);
    check_interrupt();
    submission.job = promptbed::submit({.tasks = static_cast<int64_t>(tasks),
                                        .threads = bench_.threads,
                                        .script = script,
                                        .arguments = {fs::read_symlink("/proc/self/exe").string(), "sweep",
                                                      kTaskArgument, folder.path().string()},
                                        .log = folder.log(),
                                        .after = after,
                                        .options = settings_.options});
    folder.write(submission);
  } catch (...) {
    folder.remove();  // tasks that were submitted find nothing, and end
    folder_.tidy();
    throw;
  }
  return {folder, submission.job, tasks, std::move(submission.runs)};
}

void ArraySubmitter::tell(const SubmittedArray& array, const std::string& what) const {
  log_ << fmt::format("submitted {} in {} as job {}; logs: {}", what, plural(array.tasks, "task"), array.job,
                      printable(array.folder.path().string()))
       << std::endl;
}

}  // namespace promptbed
