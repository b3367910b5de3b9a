#include "sweep/slurm/array_task.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <promptbed/error.h>
#include <torch/cuda.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "base/signals.h"
#include "base/text.h"
#include "clip/towers/arithmetic.h"
#include "sweep/features.h"
#include "sweep/run.h"
#include "sweep/slurm/task_folder.h"
#include "sweep/workbench.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

constexpr auto kLongestSubmission = 60s;
constexpr auto kRetry = 1s;

int64_t number_of(const char* variable) {
  const char* const text = std::getenv(variable);
  const int64_t number = text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
  if (number < 1)
    throw Error(fmt::format("runner sweep {}: is for Slurm to start ({} is not set); use --executor slurm",
                            kTaskArgument, variable));
  return number;
}

/// Whether the sweep has noted that it submitted this very job. A sweep that was killed between the two
/// submits its runs again, and an array that it does not know of must not make them, too.
bool is_expected(const ArrayFolder& array, int64_t job) {
  for (auto waited = 0s; waited <= kLongestSubmission; waited += kRetry) {
    if (const auto submission = array.read_submission()) return submission->job == job;
    check_interrupt();
    std::this_thread::sleep_for(kRetry);
  }
  return false;
}

/// Features that were missing when the sweep was planned have been extracted by now, unless the tasks that
/// should do it ended badly. Returns why datasets cannot be used: what stops this extraction would stop that
/// of the next task, too, and is the jobs' failure.
std::map<std::string, std::string> extract_for(const std::vector<Job>& jobs, const ArrayFolder& array,
                                               Workbench& bench) {
  std::set<std::string> used;
  for (const Job& job : jobs) {
    used.insert(job.run.dataset);
    for (const JobTest& test : *job.tests) used.insert(test.dataset);
  }
  std::vector<Extraction> needed = array.read_needed();
  std::erase_if(needed, [&](const Extraction& extraction) { return !used.contains(extraction.dataset); });
  try {
    return extract(needed, bench.inputs(), bench.spec().threads, std::cout);
  } catch (const Error& fault) {
    std::map<std::string, std::string> spoilt;
    for (const Extraction& extraction : needed) spoilt[extraction.dataset] = fault.what();
    return spoilt;
  }
}

}  // namespace

void make_array_task(const fs::path& path) {
  const int64_t index = number_of("SLURM_ARRAY_TASK_ID"), job_number = number_of("SLURM_ARRAY_JOB_ID");
  const ArrayFolder array(path);
  BenchSpec spec = array.read_bench();
  if (!is_expected(array, job_number)) {
    throw Error(
        fmt::format("{}: no sweep knows that it submitted job {}; end it with scancel, and sweep again",
                    path.string(), job_number));
  }
  if (spec.placement.device.is_cuda())
    check_gpu(spec.placement.device, static_cast<int64_t>(torch::cuda::device_count()), "--device");
  at::set_num_threads(static_cast<int>(spec.threads));
  settle_arithmetic(spec.placement);
  const TaskFolder folder(spec.ledger);
  Workbench bench(std::move(spec));
  array.note_began(index);
  if (const auto extractions = array.read_extractions(index)) {
    for (const auto& [dataset, fault] :
         extract(*extractions, bench.inputs(), bench.spec().threads, std::cout))
      fmt::print("failed: {}\n", printable(fault));
    return;
  }
  std::vector<Job> jobs = array.read_jobs(index);
  const auto spoilt = extract_for(jobs, array, bench);
  for (Job& job : jobs) {
    const std::string run = job.run.id();
    if (folder.has_end(run) || array.collected(index).contains(run)) continue;
    if (const auto fault = spoilt.find(job.run.dataset); fault != spoilt.end()) {
      folder.keep({.run = run, .stage = JobStage::failed, .error = fault->second});
      continue;
    }
    if (const auto state = array.trained_state(run)) job.kept_state = state;
    check_interrupt();
    fmt::print("{}\n", printable(job.title()));
    std::fflush(stdout);
    const JobOutcome end = make_job(job, bench, [&](const JobOutcome& trained) { folder.keep(trained); });
    if (end.stage == JobStage::interrupted) throw Interrupted();
    folder.keep(end);
  }
}

}  // namespace promptbed
