#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sweep/job.h"
#include "sweep/slurm/commands.h"
#include "sweep/sweep_spec.h"

/// The files by which a sweep and the tasks of a cluster exchange jobs and outcomes, on a drive that both
/// see. None but the logs and `collected-0003` has two writers. Each of them appears whole, or is known not
/// to be.
///
/// `promptbed.db.slurm/array-0001/`, for each submission:
/// - `bench.json`: what all its jobs share
/// - `jobs-0003`: the jobs of its third task, a line each
/// - `data-HASH`: what several jobs train on
/// - `features`: what its jobs need of the datasets whose features were missing
/// - `features-0003`: in an array that extracts features, what its third task extracts
/// - `array.json`, once it is submitted: the job's number, and the runs by task or the datasets
/// - `began-0003`, once that task's runner can make jobs
/// - `trained-RUN`, once the ledger has a run's training: the hash of its state
/// - `collected-0003`: the runs of that task of which the ledger has what became of them, a line each. Two
///   sweeps that share the task append to it; where the drive loses a line, a task that is put back makes a
///   run for nothing
/// - `task-3.log`: what the task's processes print
///
/// `promptbed.db.slurm/outcomes/RUN/`, until the ledger has them:
/// - `trained`, `end`: what became of the run
/// - `RUN.safetensors.XXXX.tmp`: its prompt, until that is in place
namespace promptbed {

/// Where the tasks of one submission find their jobs.
class ArrayFolder {
 public:
  explicit ArrayFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }

  /// The jobs of each task, and what they need that was missing. Throws Error if the files cannot be written
  /// or read.
  void write(const BenchSpec& bench, const std::vector<std::vector<const Job*>>& tasks,
             const std::vector<Extraction>& needed) const;
  BenchSpec read_bench() const;
  std::vector<Job> read_jobs(int64_t task) const;
  std::vector<Extraction> read_needed() const;

  /// The same of an array that extracts features; nothing of one that makes jobs.
  void write(const BenchSpec& bench, const std::vector<std::vector<const Extraction*>>& tasks) const;
  std::optional<std::vector<Extraction>> read_extractions(int64_t task) const;

  /// That the array is submitted.
  struct Submission {
    int64_t job = 0;
    std::vector<std::vector<std::string>> runs;  ///< of each task, by id, in the order in which it makes them
    std::vector<std::string> datasets = {};      ///< whose features it extracts
  };
  void write(const Submission& submission) const;

  /// Nothing for an array that was never submitted, or whose file is damaged.
  std::optional<Submission> read_submission() const;

  /// Whether it was never submitted, since the sweep that made it was killed a while ago.
  bool is_abandoned() const;

  /// What the ledger has of a run, so that a task that is put back does not make it again. Nothing is noted
  /// of an array that is removed.
  void note_trained(const std::string& run, const std::string& state) const;
  void note_collected(int64_t task, const std::string& run) const;
  std::optional<std::string> trained_state(const std::string& run) const;
  std::set<std::string> collected(int64_t task) const;

  /// Throws Error if the array is removed: the task is to end.
  void note_began(int64_t task) const;
  bool began(int64_t task) const;
  bool any_began() const;

  /// The log of a task; "%a" in it stands for the task's number where that is not given.
  std::filesystem::path log(std::optional<int64_t> task = std::nullopt) const;

  /// The last line of a task's log that says more than that a program has ended, printable; "" without one.
  std::string last_words(int64_t task) const;

  /// All of it at once. Tasks may be alive that look for it: they find nothing, and end.
  void remove() const;

 private:
  void write_bench(const BenchSpec& bench) const;

  std::filesystem::path path_;
};

/// All of it, beside a ledger.
class TaskFolder {
 public:
  explicit TaskFolder(const std::filesystem::path& ledger);

  const std::filesystem::path& path() const { return path_; }

  /// Whether tasks may be at work, whose unfinished files are not abandoned.
  bool is_in_use() const;

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

  /// How a run ended; nothing if that is not here or cannot be read.
  std::optional<JobOutcome> end_of(const std::string& run) const;

  /// What became of a run, in order: trained, end. A pending prompt is back in the ledger's folder then. A
  /// file that cannot be read is the run's failure.
  std::vector<JobOutcome> outcomes_of(const std::string& run) const;

  /// Removes a run's outcomes, or only that it was trained, which the ledger has, or nobody wants.
  void forget(const std::string& run) const;
  void forget_training(const std::string& run) const;

  /// Removes what killed sweeps were removing, and the folder if no array and no outcome is left.
  void tidy() const;

 private:
  bool lend_prompt(const JobOutcome& outcome) const;
  std::filesystem::path outcome_file(const std::string& run, JobStage stage) const;
  std::filesystem::path outcomes() const { return path_ / "outcomes"; }
  std::filesystem::path of_run(const std::string& run) const { return outcomes() / run; }

  std::filesystem::path ledger_, path_;
};

}  // namespace promptbed
