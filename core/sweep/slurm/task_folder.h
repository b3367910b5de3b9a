#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sweep/job.h"
#include "sweep/slurm/commands.h"
#include "sweep/sweep_spec.h"

/// The files by which a sweep and the tasks of a cluster exchange jobs and outcomes, on a drive that both
/// see. No file has two writers, and each appears whole.
///
///     promptbed.slurm/array-0001/bench.json     what all its jobs share
///                                jobs-0003      the jobs of its third task, a line each
///                                array.json     once it is submitted: the job's number, and the runs by task
///                                collected/RUN  once the sweep has the run in the ledger
///                                began-0003     once that task's runner has begun
///                                task-3.log     what its processes print
///                     outcomes/RUN.trained      what becomes of a run, until the sweep has it in the ledger
///                     outcomes/RUN.end
///                     outcomes/RUN.safetensors.XXXX.tmp    its prompt, until the sweep puts it in place
namespace promptbed {

/// Where the tasks of one submission find their jobs.
class ArrayFolder {
 public:
  explicit ArrayFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }

  /// The jobs of each task. Throws Error if the files cannot be written or read.
  void write(const BenchSpec& bench, const std::vector<std::vector<const Job*>>& tasks) const;
  BenchSpec read_bench() const;
  std::vector<Job> read_jobs(int64_t task) const;

  /// That the array is submitted. The runs of each task, by id, in the order in which it makes them.
  struct Submission {
    int64_t job = 0;
    std::vector<std::vector<std::string>> runs;
  };
  void write(const Submission& submission) const;

  /// Nothing for an array that was never submitted, or whose file is damaged.
  std::optional<Submission> read_submission() const;

  /// Whether it was never submitted, since the sweep that made it was killed a while ago.
  bool is_abandoned() const;

  /// That the ledger has a run: a task that is put back does not make it again.
  void note_collected(const std::string& run) const;
  bool is_collected(const std::string& run) const;

  void note_began(int64_t task) const;
  bool began(int64_t task) const;

  /// The log of a task; "%a" in it stands for the task's number where that is not given.
  std::filesystem::path log(std::optional<int64_t> task = std::nullopt) const;

 private:
  std::filesystem::path path_;
};

/// All of it, beside a ledger.
class TaskFolder {
 public:
  explicit TaskFolder(const std::filesystem::path& ledger);

  const std::filesystem::path& path() const { return path_; }

  /// A new one. Throws Error if it cannot be made.
  ArrayFolder make_array() const;

  /// Those that are there, the oldest first.
  std::vector<ArrayFolder> arrays() const;

  /// Keeps what became of a run. Of `trained` its pending prompt moves from the ledger's folder here, where
  /// no other sweep takes it for abandoned. Throws Error.
  void keep(const JobOutcome& outcome) const;

  /// Whether the end of a run is here.
  bool has_end(const std::string& run) const;

  /// The ids of runs of which something is here.
  std::vector<std::string> runs_with_outcomes() const;

  /// What became of a run, in order: trained, end. A pending prompt is back in the ledger's folder then. A
  /// file that cannot be read is the run's failure.
  std::vector<JobOutcome> outcomes_of(const std::string& run) const;

  /// Removes a run's outcomes, or only that it was trained, which the ledger has, or nobody wants.
  void forget(const std::string& run) const;
  void forget_training(const std::string& run) const;

  /// Removes folders that are empty.
  void tidy() const;

 private:
  void take_back(const JobOutcome& outcome, const std::string& run) const;
  std::filesystem::path outcome_file(const std::string& run, JobStage stage) const;
  std::filesystem::path outcomes() const { return path_ / "outcomes"; }

  std::filesystem::path ledger_, path_;
};

}  // namespace promptbed
