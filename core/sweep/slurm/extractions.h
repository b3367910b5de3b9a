#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sweep/slurm/array_submitter.h"
#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {

/// Whether an array extracts features, and a task of it lives.
bool is_extracting(const ArrayFolder::Submission& submission, const LiveTasks& live);

/// The arrays that extract what a sweep needs and was missing: its own, and those of earlier sweeps that are
/// at it still. Its jobs begin when all of them have ended.
class SlurmExtractions {
 public:
  /// Both have to outlive this.
  SlurmExtractions(const std::vector<Extraction>& missing, const ArraySubmitter& submitter)
      : missing_(missing), submitter_(submitter) {}

  /// Leaves to an array of an earlier sweep what it extracts.
  void leave_to(const ArrayFolder::Submission& earlier);

  /// Submits what nobody extracts, the first time; nothing if there is nothing to submit.
  std::optional<SubmittedArray> submit();

  void forget_ended(const LiveTasks& live);

  const std::vector<Extraction>& missing() const { return missing_; }

  /// The array jobs at work.
  const std::vector<int64_t>& jobs() const { return jobs_; }
  bool has(int64_t job) const;

 private:
  const std::vector<Extraction>& missing_;
  const ArraySubmitter& submitter_;
  std::vector<int64_t> jobs_;
  std::set<std::string> elsewhere_;  // datasets that earlier sweeps' tasks extract
  bool is_submitted_ = false;
};

}  // namespace promptbed
