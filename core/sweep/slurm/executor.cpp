#include "sweep/slurm/executor.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "base/signals.h"
#include "sweep/slurm/array_submitter.h"
#include "sweep/slurm/cancellation.h"
#include "sweep/slurm/commands.h"
#include "sweep/slurm/extractions.h"
#include "sweep/slurm/task_folder.h"
#include "table/table.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class SlurmSweep {
 public:
  SlurmSweep(JobQueue& queue, const BenchSpec& bench, const std::vector<Extraction>& missing,
             const SlurmSettings& settings, std::ostream& log)
      : queue_(queue),
        settings_(settings),
        log_(log),
        folder_(bench.ledger),
        submitter_(folder_, bench, settings, log),
        extractions_(missing, submitter_) {}

  void run() {
    find_earlier_tasks();
    forget_what_is_known();
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
      queue_.show_progress(runs_underway(), whereabouts());
    }
    if (jobs_.empty()) return remove_needless_arrays(folder_, log_);
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
    size_t ended = 0;               ///< of them, at least so many
    bool missed = false;            ///< Slurm did not name it when it was last asked
  };

  /// A run in hand, and the task that makes it; none before it is submitted.
  struct Entry {
    Job job;
    std::optional<SlurmTask> task;
  };

  /// What a task has kept of a run.
  struct Kept {
    std::string run;
    std::vector<JobOutcome> outcomes;
  };

  /// What the ledger has taken of it.
  struct Taken {
    std::vector<std::pair<std::string, std::string>> trained;  // runs that have not ended, and their states
    std::vector<std::string> ended;
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
      if (is_extracting(*submission, *live)) extractions_.leave_to(*submission);
      for (size_t i = 0; i < submission->runs.size(); ++i) {
        const SlurmTask task{submission->job, static_cast<int64_t>(i) + 1};
        if (!live->contains(task)) continue;
        strands_.emplace(task, Strand{array, submission->runs[i]});
        const std::set<std::string> collected = array.collected(task.index);
        for (const std::string& run : submission->runs[i]) {
          if (!collected.contains(run)) earlier_.insert_or_assign(run, task);
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
    while (queue_.waiting() > 0) {
      queue_.together([&] {
        for (size_t i = 0; i < JobQueue::kMostTogether; ++i) {
          if (std::optional<Job> job = queue_.next()) take(*std::move(job));
        }
      });
    }
  }

  void take(Job job) {
    const std::string run = job.run.id();
    const auto earlier = earlier_.extract(run);
    jobs_.insert_or_assign(
        run, Entry{std::move(job), earlier.empty() ? std::nullopt : std::optional(earlier.mapped())});
  }

  void submit_waiting() {
    std::vector<const Job*> waiting;
    for (const auto& [run, entry] : jobs_) {
      if (!entry.task && !folder_.has_end(run)) waiting.push_back(&entry.job);
    }
    if (waiting.empty() || queue_.stops()) return;
    if (const auto array = extractions_.submit()) note_submitted(*array);
    submit_jobs(waiting);
  }

  void submit_jobs(const std::vector<const Job*>& waiting) {
    const SubmittedArray array = submitter_.submit(waiting, extractions_.missing(), extractions_.jobs());
    for (size_t i = 0; i < array.runs.size(); ++i) {
      const SlurmTask task = array.task(i);
      strands_.emplace(task, Strand{array.folder, array.runs[i]});
      for (const std::string& run : array.runs[i]) jobs_.at(run).task = task;
    }
    note_submitted(array);
  }

  void note_submitted(const SubmittedArray& array) {
    for (size_t i = 0; i < array.tasks; ++i) states_[array.task(i)] = "PENDING";
    asked_ = Clock::now();  // Slurm may need a moment to name them
  }

  /// Removes what a sweep had recorded that was killed before it removed it.
  void forget_what_is_known() {
    for (const std::string& run : folder_.runs_with_outcomes()) {
      const auto end = folder_.end_of(run);
      if (end && queue_.has(*end)) folder_.forget(run);
    }
  }

  /// Reports what tasks have kept of runs in hand.
  void collect() {
    std::vector<Kept> kept;
    for (const std::string& run : folder_.runs_with_outcomes()) {
      if (interrupted()) return;
      if (jobs_.contains(run)) kept.push_back({run, folder_.outcomes_of(run)});
      if (kept.size() < JobQueue::kMostTogether) continue;
      record(kept);
      kept.clear();
    }
    record(kept);
  }

  /// What a task has kept goes once the ledger has it; what that does not take stays for the next sweep.
  void record(const std::vector<Kept>& kept) {
    if (kept.empty()) return;
    Taken taken;
    queue_.together([&] {
      for (const auto& [run, outcomes] : kept) report(run, outcomes, taken);
    });
    for (const auto& [run, state] : taken.trained) {
      Entry& entry = jobs_.at(run);
      entry.job.kept_state = state;
      if (entry.task) strands_.at(*entry.task).array.note_trained(run, state);
      folder_.forget_training(run);
    }
    for (const std::string& run : taken.ended) {
      const auto entry = jobs_.extract(run);
      if (const auto& task = entry.mapped().task) strands_.at(*task).array.note_collected(task->index, run);
      folder_.forget(run);
    }
  }

  void report(const std::string& run, const std::vector<JobOutcome>& outcomes, Taken& taken) {
    const auto entry = jobs_.find(run);
    std::optional<std::string> state;
    for (const JobOutcome& outcome : outcomes) {
      if (outcome.stage == JobStage::trained) {
        // A sweep that was killed here may have recorded it already.
        const bool is_known = entry->second.job.kept_state == outcome.outcome.state_hash;
        if (is_known || queue_.report(outcome)) state = outcome.outcome.state_hash;
      } else if (queue_.report(outcome)) {
        taken.ended.push_back(run);
        return;
      } else {
        jobs_.erase(entry);
        return;
      }
    }
    if (state) taken.trained.emplace_back(run, *state);
  }

  /// Looks which tasks live, and what to do about runs whose tasks do not. A task counts as gone when Slurm
  /// has not named it twice: the files of its last moments may come late over the network.
  void ask_for_tasks() {
    asked_ = Clock::now();
    const auto live = live_tasks();
    if (!live) return;  // the controller may be restarting; the tasks go on
    states_ = *live;
    extractions_.forget_ended(*live);
    one_is_missed_ = false;
    for (auto strand = strands_.begin(); strand != strands_.end();) {
      auto& [task, known] = *strand;
      if (live->contains(task)) {
        known.missed = false;
      } else if (!std::exchange(known.missed, true)) {
        one_is_missed_ = true;  // the next time, then, and that soon
      } else {
        collect();
        if (interrupted()) return;  // what is kept may not be collected
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
    if (end.text.starts_with("FAILED") && !strand.array.any_began()) throw cannot_begin(task, strand.array);
    for (const std::string& run : unfinished) jobs_.at(run).task.reset();
    // Ended well, it leaves out what an earlier sweep has collected; not begun, no run is to blame.
    if (end.text == "COMPLETED" || !began) return true;
    const std::string& in_hand = unfinished.front();
    queue_.report({.run = in_hand,
                   .stage = JobStage::failed,
                   .error = fmt::format("its Slurm task {} ended{}; see {}, and --slurm and --retries",
                                        task.text(), end.text.empty() ? "" : " with " + end.text,
                                        strand.array.log(task.index).string())});
    jobs_.erase(in_hand);
    return true;
  }

  /// Where a task has failed and none of its array has begun, the next ones would do no better.
  static Error cannot_begin(const SlurmTask& task, const ArrayFolder& array) {
    const fs::path log = array.log(task.index);
    const std::string last = array.last_words(task.index);
    if (last.empty()) {
      return Error(
          fmt::format("Slurm task {} failed before runner began, and {} has no line; put the ledger on a "
                      "drive that the nodes see, too",
                      task.text(), log.string()));
    }
    return Error(fmt::format("Slurm task {} failed before runner began: {}; all of it is in {}", task.text(),
                             last, log.string()));
  }

  /// The runs that tasks have in hand, as far as it is known here.
  std::vector<std::string> runs_underway() {
    std::vector<std::string> runs;
    for (auto& [task, strand] : strands_) {
      const auto state = states_.find(task);
      if (state == states_.end() || state->second != "RUNNING") continue;
      while (strand.ended < strand.runs.size() && !jobs_.contains(strand.runs[strand.ended])) ++strand.ended;
      if (strand.ended < strand.runs.size()) runs.push_back(strand.runs[strand.ended]);
    }
    return runs;
  }

  /// "3 tasks running, 5 waiting", of which some may be extracting features.
  std::string whereabouts() const {
    size_t running = 0, others = 0, extracting = 0;
    for (const auto& [task, state] : states_) {
      const bool extracts = extractions_.has(task.job);
      if (!extracts && !strands_.contains(task)) continue;
      ++(state == "RUNNING" ? running : others);
      if (extracts) ++extracting;
    }
    return fmt::format("{} running, {} waiting{}", plural(running, "task"), others,
                       extracting == 0 ? "" : fmt::format(" ({} to extract features)", extracting));
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

  JobQueue& queue_;
  const SlurmSettings& settings_;
  std::ostream& log_;
  TaskFolder folder_;
  ArraySubmitter submitter_;
  SlurmExtractions extractions_;
  std::map<std::string, Entry> jobs_;  // by run
  std::map<SlurmTask, Strand> strands_;
  std::map<std::string, SlurmTask> earlier_;  // of runs that an earlier sweep has submitted
  LiveTasks states_;                          // as Slurm last said
  Clock::time_point asked_ = Clock::now();
  bool one_is_missed_ = false;
};

}  // namespace

void run_slurm_tasks(JobQueue& queue, const BenchSpec& bench, const std::vector<Extraction>& missing,
                     const SlurmSettings& settings, std::ostream& log) {
  SlurmSweep(queue, bench, missing, settings, log).run();
}

}  // namespace promptbed
