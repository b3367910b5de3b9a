#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "results/ledger.h"
#include "sweep/followed_log.h"
#include "sweep/job.h"
#include "sweep/plan.h"

namespace promptbed {

/// A run that was not made, and why.
struct Failure {
  std::string run;  ///< its title
  std::string reason;
};

/// A run that another process has.
struct HeldRun {
  std::string run;  ///< its id
  ProcessIdentity owner;
  std::string since;  ///< UTC, ISO 8601; "" if the ledger does not know
};

/// What became of a plan's runs.
struct SweepOutcome {
  int64_t made = 0;       ///< done now
  int64_t present = 0;    ///< done before
  int64_t elsewhere = 0;  ///< not made here: another process took it, or no worker was left for it
  int64_t left_out = 0;   ///< not begun, or not ended, since another failed and --fail-fast stopped the sweep
  std::vector<Failure> failures = {};
  std::vector<std::string> accidents = {};  ///< workers that ended badly without a run, a line each
  std::vector<HeldRun> held = {};           ///< of those elsewhere, the ones that another process still has
};

/// How a worker process ended.
struct WorkerEnd {
  std::string accident;      ///< "" if it ended well; otherwise "signal 11 (Segmentation fault)" or the like
  bool killed = false;       ///< by SIGKILL, which the system sends when memory runs out
  bool interrupted = false;  ///< by SIGTERM or SIGINT
  bool stopped = false;      ///< in order, with no job in hand, and not since the sweep stops
};

/// The sweep's side of the work: hands out jobs, and writes what becomes of them into the ledger, which
/// nobody else writes. Who makes the jobs, and on which machine, is an executor's affair.
///
///     while (const std::optional<Job> job = queue.next())
///       queue.report(make_job(*job, bench, [&](const JobOutcome& trained) { queue.report(trained); }));
class JobQueue {
 public:
  /// Of runs that are to be made. All arguments but the list have to outlive this.
  JobQueue(const std::vector<const PlannedRun*>& runs, const SweepSpec& spec, Ledger& ledger,
           Progress& progress);

  /// Gives back what nobody has reported on.
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Records as failed the runs on datasets that cannot be used, for the reason given by the dataset's id.
  void fail_datasets(const std::map<std::string, std::string>& reasons);

  /// Jobs to be handed out; 0 once the sweep stops. Some of them may turn out to be taken by other processes.
  int64_t waiting() const;

  /// The next job, claimed in the ledger, leaving out those that another process has taken since they were
  /// planned; nothing if none is left or the sweep stops. A run that the ledger cannot tell about, or whose
  /// prompt cannot be looked for, fails and is not claimed any more.
  std::optional<Job> next();

  /// Records what became of a job that was handed out. One that failed comes back into the queue as often as
  /// the sweep has retries, with what is kept of it; one that was made for fewer tests comes back for the
  /// others. Other runs are ignored. Returns whether the ledger has what the outcome brings: if not, that is
  /// the run's failure.
  bool report(const JobOutcome& outcome);

  /// Takes a job back that was handed out, to be handed out again: whoever had it was stopped, and the sweep
  /// is not. Other runs are ignored.
  void take_back(const std::string& run);

  /// Whether the ledger has all tests of a run that is done and that nobody has, whoever recorded them.
  bool has(const JobOutcome& end) const;

  /// How many calls are to be joined, at most.
  static constexpr size_t kMostTogether = 500;

  /// Joins what `calls` does with next() and report() to one transaction of the ledger (Ledger::together). If
  /// that fails, it throws Error, and the sweep has to end: the queue believes what the ledger does not know.
  void together(const std::function<void()>& calls);

  /// Records that a worker ended in the middle of a run: as the run's failure, or as an interruption if the
  /// sweep is interrupted, too.
  void lose(const std::string& run, const WorkerEnd& end);

  /// Notes that a worker ended badly without a run.
  void note_accident(const WorkerEnd& end);

  /// Shows how far the jobs in hand are, by their logs; in words, by the first of them.
  void show_progress();

  /// The same of those in hand that somebody is making, in the executor's words.
  void show_progress(const std::vector<std::string>& runs, const std::string& words);

  /// Whether work in hand is to stop: on Ctrl-C, and when a run has failed for good and the sweep is to stop
  /// at the first failure.
  bool stops() const;

  /// Adds what became of the runs. Looks once into the ledger for those that other processes took.
  void add_to(SweepOutcome& outcome) const;

 private:
  /// A run on its way through the queue.
  struct Entry {
    const PlannedRun* run;
    Shared<std::vector<JobTest>> tests;     ///< to be made
    std::optional<std::string> kept_state;  ///< as in Job
    int64_t attempt;
    int64_t retries;
    Redo redo;
    std::string fault = {};                         ///< of the ledger, while it was in hand
    std::optional<FollowedTraining> training = {};  ///< while it is in hand

    Job job() const;
  };

  std::string first_in_hand() const;
  bool claim(const Entry& entry);
  void give_back(const std::string& run) const;
  void use_kept_training(Entry& entry) const;
  void keep(Entry& entry, const JobOutcome& trained);
  void keep_moved_prompts();
  void put_back(Entry entry);
  void end(Entry entry, const std::string& reason);

  const SweepSpec& spec_;
  Ledger& ledger_;
  Progress& progress_;
  std::deque<Entry> waiting_;
  std::map<std::string, Entry> in_hand_;  // by id
  std::vector<const PlannedRun*> taken_;  // by other processes
  int64_t made_ = 0, interrupted_ = 0;
  bool is_together_ = false, has_moved_prompts_ = false;
  std::vector<Failure> failures_;
  std::vector<std::string> accidents_;
};

}  // namespace promptbed
