#include "sweep/slurm/executor.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/signals.h"
#include "base/text.h"
#include "sweep/deal_out.h"
#include "sweep/slurm/array_task.h"
#include "sweep/slurm/commands.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// What Slurm runs in each task, with runner and its words. The step that srun makes is what --signal
/// reaches; 75 says that it was stopped in the middle of something, and goes on when it is put back.
constexpr std::string_view kScript = R"(#!/bin/bash
srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" "$@"
code=$?
[ $code -eq 75 ] && scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
exit $code
)";

/// About how long a job takes, in images that it shows its method in training; one without training is not
/// free.
int64_t cost_of(const Job& job) {
  if (!job.run.recipe || job.kept_state) return 1;
  return 1 + job.run.recipe->epochs * static_cast<int64_t>(job.draw.train.size());
}

/// The last line of a log that says more than that a program has ended.
std::string last_words_in(const fs::path& log) {
  std::ifstream in(log);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    const bool tells_only_the_end =
        line.starts_with("srun: ") && line.find("Exited with exit code") != std::string::npos;
    if (!line.empty() && !tells_only_the_end) last = line;
  }
  return printable(last);
}

class SlurmSweep {
 public:
  SlurmSweep(JobQueue& queue, const BenchSpec& bench, const SlurmSettings& settings, std::ostream& log)
      : queue_(queue), bench_(bench), settings_(settings), log_(log), folder_(bench.ledger) {
    bench_.ledger = fs::absolute(bench.ledger);
  }

  void run() {
    find_earlier_tasks();
    take_jobs();
    leave_tasks_of_others();
    collect();
    take_jobs();  // what failed may be tried again
    submit_waiting();
    while (settings_.wait && !jobs_.empty() && !queue_.stops()) {
      pause();
      collect();
      if (Clock::now() - asked_ >= (one_is_missed_ ? 2 * settings_.look : settings_.ask)) ask_for_tasks();
      take_jobs();
      submit_waiting();
      queue_.show_progress(whereabouts());
    }
    if (jobs_.empty()) return tidy();
    if (queue_.stops() && !interrupted()) return cancel(submitted());  // --fail-fast
    log_ << fmt::format("{} with Slurm; the same command goes on with them, and ends them with --cancel",
                        jobs_.size() == 1 ? "1 run is" : fmt::format("{} runs are", jobs_.size()))
         << std::endl;
  }

 private:
  /// A task that makes runs of this sweep.
  struct Strand {
    ArrayFolder array;
    std::vector<std::string> runs;  ///< in the order in which it makes them
    bool missed = false;            ///< Slurm did not name it when it was last asked
  };

  /// A run in hand, and the task that makes it; none before it is submitted.
  struct Entry {
    Job job;
    std::optional<SlurmTask> task;
  };

  /// What earlier sweeps have submitted: of it only what is alive is worth waiting for.
  void find_earlier_tasks() {
    const std::vector<ArrayFolder> arrays = folder_.arrays();
    if (arrays.empty()) return;
    const auto live = live_tasks();
    if (!live) {
      check_interrupt();  // Ctrl-C is for squeue, too
      throw Error("squeue: Slurm's controller does not answer; try again when `sinfo` does");
    }
    for (const ArrayFolder& array : arrays) {
      const auto submission = array.read_submission();
      if (!submission) continue;
      for (size_t i = 0; i < submission->runs.size(); ++i) {
        const SlurmTask task{submission->job, static_cast<int64_t>(i) + 1};
        if (!live->contains(task)) continue;
        strands_.emplace(task, Strand{array, submission->runs[i]});
        for (const std::string& run : submission->runs[i]) {
          if (!array.is_collected(run)) earlier_.insert_or_assign(run, task);
        }
      }
    }
    states_ = *live;
  }

  void leave_tasks_of_others() {
    std::set<SlurmTask> ours;
    for (const auto& [run, entry] : jobs_) {
      if (!entry.task) continue;
      ours.insert(*entry.task);
      if (settings_.force) {
        throw Error(
            fmt::format("--force: Slurm task {} is making {}, among others; wait for it, or end it with "
                        "--cancel",
                        entry.task->text(), entry.job.title()));
      }
    }
    std::erase_if(strands_, [&](const auto& strand) { return !ours.contains(strand.first); });
    if (!settings_.force) return;
    for (const auto& [run, entry] : jobs_) folder_.forget(run);  // what was made before
  }

  void take_jobs() {
    while (std::optional<Job> job = queue_.next()) {
      const std::string run = job->run.id();
      const auto earlier = earlier_.extract(run);
      jobs_.insert_or_assign(
          run, Entry{std::move(*job), earlier.empty() ? std::nullopt : std::optional(earlier.mapped())});
    }
  }

  void submit_waiting() {
    std::vector<const Job*> waiting;
    for (const auto& [run, entry] : jobs_) {
      if (!entry.task && !folder_.has_end(run)) waiting.push_back(&entry.job);
    }
    if (waiting.empty() || queue_.stops()) return;
    std::ranges::stable_sort(waiting, std::ranges::greater(), [](const Job* job) { return cost_of(*job); });
    std::vector<int64_t> costs;
    for (const Job* job : waiting) costs.push_back(cost_of(*job));
    const auto count = std::min({settings_.tasks, most_tasks(), static_cast<int64_t>(waiting.size())});
    const std::vector<size_t> task_of = deal_out(costs, static_cast<size_t>(count));
    std::vector<std::vector<const Job*>> tasks(static_cast<size_t>(count));
    for (size_t i = 0; i < waiting.size(); ++i) tasks[task_of[i]].push_back(waiting[i]);
    submit_tasks(tasks);
  }

  void submit_tasks(const std::vector<std::vector<const Job*>>& tasks) {
    const ArrayFolder array = folder_.make_array();
    ArrayFolder::Submission submission;
    for (const auto& jobs : tasks) {
      submission.runs.emplace_back();
      for (const Job* job : jobs) {
        submission.runs.back().push_back(job->run.id());
      }
    }
    const fs::path script = array.path() / "task.sh";
    try {
      array.write(bench_, tasks);
      write_file(script, kScript);
      check_interrupt();
      submission.job = submit({.tasks = static_cast<int64_t>(tasks.size()),
                               .threads = bench_.threads,
                               .script = script,
                               .arguments = {fs::read_symlink("/proc/self/exe").string(), "sweep",
                                             kTaskArgument, array.path().string()},
                               .log = array.log(),
                               .options = settings_.options});
      array.write(submission);
    } catch (...) {
      array.remove();  // tasks that were submitted find nothing, and end
      folder_.tidy();
      throw;
    }
    for (size_t i = 0; i < tasks.size(); ++i) {
      const SlurmTask task{submission.job, static_cast<int64_t>(i) + 1};
      strands_.emplace(task, Strand{array, submission.runs[i]});
      states_[task] = "PENDING";
      for (const std::string& run : submission.runs[i]) jobs_.at(run).task = task;
    }
    log_ << fmt::format("submitted {} in {} as job {}; logs: {}", plural(runs_in(tasks), "run"),
                        plural(tasks.size(), "task"), submission.job, printable(array.path().string()))
         << std::endl;
    asked_ = Clock::now();  // Slurm may need a moment to name them
  }

  static size_t runs_in(const std::vector<std::vector<const Job*>>& tasks) {
    size_t runs = 0;
    for (const auto& jobs : tasks) runs += jobs.size();
    return runs;
  }

  /// Reports what tasks have kept of runs in hand.
  void collect() {
    for (const std::string& run : folder_.runs_with_outcomes()) {
      const auto entry = jobs_.find(run);
      if (entry == jobs_.end()) continue;
      for (const JobOutcome& outcome : folder_.outcomes_of(run)) {
        if (outcome.stage == JobStage::trained) {
          collect_training(outcome, entry->second);
        } else {
          collect_end(outcome, entry->second);
          jobs_.erase(entry);
          break;
        }
      }
    }
  }

  /// What the ledger does not take stays here for the next sweep.
  void collect_training(const JobOutcome& trained, Entry& entry) {
    const std::string& state = trained.outcome.state_hash;
    // A sweep that was killed here may have recorded it already.
    if (entry.job.kept_state != state && !queue_.report(trained)) return;
    entry.job.kept_state = state;
    if (entry.task) strands_.at(*entry.task).array.note_trained(trained.run, state);
    folder_.forget_training(trained.run);
  }

  void collect_end(const JobOutcome& end, const Entry& entry) {
    if (!queue_.report(end)) return;
    if (entry.task) strands_.at(*entry.task).array.note_collected(end.run);
    folder_.forget(end.run);
  }

  /// Looks which tasks live, and what to do about runs whose tasks do not. A task counts as gone when Slurm
  /// has not named it twice: the files of its last moments may come late over the network.
  void ask_for_tasks() {
    asked_ = Clock::now();
    const auto live = live_tasks();
    if (!live) return;  // the controller may be restarting; the tasks go on
    states_ = *live;
    one_is_missed_ = false;
    for (auto strand = strands_.begin(); strand != strands_.end();) {
      auto& [task, known] = *strand;
      if (live->contains(task)) {
        known.missed = false;
      } else if (!std::exchange(known.missed, true)) {
        one_is_missed_ = true;  // the next time, then, and that soon
      } else {
        collect();
        if (give_up(task, known)) {
          strand = strands_.erase(strand);
          continue;
        }
      }
      ++strand;
    }
  }

  /// Takes back the runs of a task that Slurm does not name any more. False if Slurm says that it has not
  /// ended.
  bool give_up(const SlurmTask& task, const Strand& strand) {
    std::vector<std::string> unfinished;
    for (const std::string& run : strand.runs) {
      const auto entry = jobs_.find(run);
      if (entry != jobs_.end() && entry->second.task == task) unfinished.push_back(run);
    }
    if (unfinished.empty()) return true;
    if (!strand.array.read_submission())
      throw Error("the tasks of this sweep were ended by --cancel; sweep again");
    const TaskEnd end = end_of(task);
    if (end.lives) return false;
    const bool began = strand.array.began(task.index);
    const fs::path log = strand.array.log(task.index);
    if (end.text.starts_with("FAILED") && !strand.array.any_began()) throw cannot_begin(task, log);
    for (const std::string& run : unfinished) jobs_.at(run).task.reset();
    // Ended well, it leaves out what an earlier sweep has collected; not begun, no run is to blame.
    if (end.text == "COMPLETED" || !began) return true;
    const std::string& in_hand = unfinished.front();
    queue_.report(
        {.run = in_hand,
         .stage = JobStage::failed,
         .error = fmt::format("its Slurm task {} ended{}; see {}, and --slurm and --retries", task.text(),
                              end.text.empty() ? "" : " with " + end.text, log.string())});
    jobs_.erase(in_hand);
    return true;
  }

  /// Where a task has failed and none of its array has begun, the next ones would do no better.
  static Error cannot_begin(const SlurmTask& task, const fs::path& log) {
    const std::string last = last_words_in(log);
    if (last.empty()) {
      return Error(
          fmt::format("Slurm task {} failed before runner began, and {} has no line; put the ledger on a "
                      "drive that the nodes see, too",
                      task.text(), log.string()));
    }
    return Error(fmt::format("Slurm task {} failed before runner began: {}; all of it is in {}", task.text(),
                             last, log.string()));
  }

  /// "3 tasks running, 5 waiting"
  std::string whereabouts() const {
    size_t running = 0, others = 0;
    for (const auto& [task, strand] : strands_) {
      const auto state = states_.find(task);
      if (state != states_.end()) ++(state->second == "RUNNING" ? running : others);
    }
    return fmt::format("{} running, {} waiting", plural(running, "task"), others);
  }

  void pause() const {
    constexpr std::chrono::milliseconds kSlice{100};
    for (auto slept = kSlice * 0; slept < settings_.look && !interrupted(); slept += kSlice)
      std::this_thread::sleep_for(std::min(kSlice, settings_.look));
  }

  std::vector<int64_t> submitted() const {
    std::set<int64_t> jobs;
    for (const auto& [task, strand] : strands_) jobs.insert(task.job);
    return {jobs.begin(), jobs.end()};
  }

  /// Whether somebody may have use of an array: a task lives that has something left to make, or what one has
  /// made is not collected.
  bool is_needed(const ArrayFolder& array) const {
    const auto submission = array.read_submission();
    if (!submission) return !array.is_abandoned();
    for (size_t i = 0; i < submission->runs.size(); ++i) {
      const SlurmTask task{submission->job, static_cast<int64_t>(i) + 1};
      const bool lives = states_.contains(task);
      for (const std::string& run : submission->runs[i]) {
        if (folder_.has_end(run) || (lives && !array.is_collected(run))) return true;
      }
    }
    return false;
  }

  void tidy() {
    const std::vector<ArrayFolder> arrays = folder_.arrays();
    if (const auto live = live_tasks()) states_ = *live;
    for (const ArrayFolder& array : arrays) {
      if (!is_needed(array)) array.remove();
    }
    folder_.tidy();
  }

  JobQueue& queue_;
  BenchSpec bench_;
  const SlurmSettings& settings_;
  std::ostream& log_;
  TaskFolder folder_;
  std::map<std::string, Entry> jobs_;  // by run
  std::map<SlurmTask, Strand> strands_;
  std::map<std::string, SlurmTask> earlier_;  // of runs that an earlier sweep has submitted
  std::map<SlurmTask, std::string> states_;   // as Slurm last said
  Clock::time_point asked_ = Clock::now();
  bool one_is_missed_ = false;
};

/// Until no task of cancelled jobs lives, so that what they keep at their end is kept by then. A node that
/// does not answer keeps its tasks for longer than anybody waits.
void wait_for_end_of(const std::vector<int64_t>& jobs) {
  constexpr std::chrono::seconds kLongest{60};
  constexpr std::chrono::milliseconds kLook{200};
  for (const auto begin = Clock::now(); Clock::now() - begin < kLongest;) {
    const auto live = live_tasks();
    const bool one_lives = live && std::ranges::any_of(*live, [&](const auto& task) {
                             return std::ranges::count(jobs, task.first.job) > 0;
                           });
    if (!one_lives || interrupted()) return;
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

void run_slurm_tasks(JobQueue& queue, const BenchSpec& bench, const SlurmSettings& settings,
                     std::ostream& log) {
  SlurmSweep(queue, bench, settings, log).run();
}

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
