#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sweep/slurm/commands.h"
#include "sweep/slurm/settings.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {

/// An array that Slurm has.
struct SubmittedArray {
  ArrayFolder folder;
  int64_t job = 0;
  size_t tasks = 0;
  std::vector<std::vector<std::string>> runs = {};  ///< of each task; none if it extracts features

  /// The task at a place, from 0.
  SlurmTask task(size_t place) const { return {job, static_cast<int64_t>(place) + 1}; }
};

/// Divides work among the tasks of arrays, writes their files and gives them to Slurm. All throw Error if the
/// files cannot be written and if Slurm refuses, and then leave nothing of that array.
class ArraySubmitter {
 public:
  /// All arguments have to outlive this.
  ArraySubmitter(const TaskFolder& folder, const BenchSpec& bench, const SlurmSettings& settings,
                 std::ostream& log);

  /// Jobs, what they need that was missing, and the arrays that extract it: their tasks have to end first.
  SubmittedArray submit(const std::vector<const Job*>& jobs, const std::vector<Extraction>& needed,
                        const std::vector<int64_t>& after) const;

  /// Features, a dataset to a task if there may be as many.
  SubmittedArray submit(const std::vector<const Extraction*>& extractions) const;

 private:
  TaskLimits limits() const;
  SubmittedArray submit(ArrayFolder::Submission submission, size_t tasks, const std::vector<int64_t>& after,
                        const std::function<void(const ArrayFolder& array)>& write) const;
  void tell(const SubmittedArray& array, const std::string& what) const;

  const TaskFolder& folder_;
  BenchSpec bench_;
  const SlurmSettings& settings_;
  std::ostream& log_;
};

}  // namespace promptbed
