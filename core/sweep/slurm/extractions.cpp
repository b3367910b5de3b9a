#include "sweep/slurm/extractions.h"

#include <algorithm>
#include <utility>

namespace promptbed {

bool is_extracting(const ArrayFolder::Submission& submission, const LiveTasks& live) {
  return !submission.datasets.empty() && lives(submission.job, live);
}

void SlurmExtractions::leave_to(const ArrayFolder::Submission& earlier) {
  const auto is_its = [&](const Extraction& extraction) {
    return std::ranges::count(earlier.datasets, extraction.dataset) > 0;
  };
  if (std::ranges::none_of(missing_, is_its)) return;
  jobs_.push_back(earlier.job);
  elsewhere_.insert(earlier.datasets.begin(), earlier.datasets.end());
}

std::optional<SubmittedArray> SlurmExtractions::submit() {
  if (std::exchange(is_submitted_, true)) return std::nullopt;
  std::vector<const Extraction*> extractions;
  for (const Extraction& extraction : missing_) {
    if (!elsewhere_.contains(extraction.dataset)) extractions.push_back(&extraction);
  }
  if (extractions.empty()) return std::nullopt;
  SubmittedArray array = submitter_.submit(extractions);
  jobs_.push_back(array.job);
  return array;
}

void SlurmExtractions::forget_ended(const LiveTasks& live) {
  std::erase_if(jobs_, [&](int64_t job) { return !lives(job, live); });
}

bool SlurmExtractions::has(int64_t job) const {
  return std::ranges::count(jobs_, job) > 0;
}

}  // namespace promptbed
