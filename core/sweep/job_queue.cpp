#include "sweep/job_queue.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <exception>
#include <tuple>
#include <utility>

#include "base/signals.h"
#include "results/run_files.h"

namespace promptbed {
namespace {

/// Why a run failed when its worker ended in the middle of it.
std::string reason_of(const WorkerEnd& end, const Method& method) {
  const std::string accident = end.accident.empty() ? "exit code 0" : end.accident;
  if (end.killed) {
    return fmt::format("{}: its process ended with {}, perhaps because memory ran out; use fewer --jobs",
                       method.name(), accident);
  }
  return fmt::format("{} (plugin {}): its process ended with {}; fix the plugin or leave the method out",
                     method.name(), method.file.filename().string(), accident);
}

/// The tests that an attempt has not made.
std::vector<JobTest> without_made(std::vector<JobTest> tests, const RunOutcome& outcome) {
  const auto is_made = [&](const JobTest& test) {
    const auto is_it = [&](const auto& result) {
      return result.dataset == test.dataset && result.class_set == to_string(test.classes);
    };
    return std::ranges::any_of(outcome.scores, is_it) || std::ranges::any_of(outcome.refusals, is_it);
  };
  std::erase_if(tests, is_made);
  return tests;
}

}  // namespace

JobQueue::JobQueue(const std::vector<const PlannedRun*>& runs, const SweepSpec& spec, Ledger& ledger,
                   Progress& progress)
    : spec_(spec), ledger_(ledger), progress_(progress) {
  for (const PlannedRun* run : runs) {
    const bool done = run->state && run->state->status == RunStatus::done;
    waiting_.push_back({.run = run,
                        .tests = run->job.tests,
                        .kept_state = run->job.kept_state,
                        .attempt = run->attempts() + 1,
                        .retries = spec.retries,
                        .redo = done ? Redo::yes : Redo::no});
  }
}

Job JobQueue::Entry::job() const {
  Job job = run->job;
  job.tests = tests;
  job.kept_state = kept_state;
  job.attempt = attempt;
  return job;
}

JobQueue::~JobQueue() {
  for (auto entry = in_hand_.begin(); entry != in_hand_.end();) {
    const auto give_some_back = [&] {
      for (size_t i = 0; i < kMostTogether && entry != in_hand_.end(); ++i) give_back((entry++)->first);
    };
    try {
      ledger_.together(give_some_back);
    } catch (const Error&) {
      // The claims end with this process anyway.
    }
  }
}

void JobQueue::give_back(const std::string& run) const {
  try {
    ledger_.release(run);
  } catch (const Error&) {
    // The claim ends with this process anyway.
  }
}

int64_t JobQueue::waiting() const {
  return stops() ? 0 : static_cast<int64_t>(waiting_.size());
}

bool JobQueue::stops() const {
  return interrupted() || (spec_.fail_fast && !failures_.empty());
}

bool JobQueue::claim(const Entry& entry) {
  return ledger_.claim(entry.run->job.run, entry.redo, entry.attempt - 1, to_string(spec_.protocol));
}

void JobQueue::fail_datasets(const std::map<std::string, std::string>& reasons) {
  std::erase_if(waiting_, [&](const Entry& entry) {
    const auto found = reasons.find(entry.run->job.run.dataset);
    if (found == reasons.end()) return false;
    if (claim(entry)) ledger_.fail(entry.run->id, found->second);
    failures_.push_back({entry.run->title(), found->second});
    progress_.advance();
    return true;
  });
}

std::optional<Job> JobQueue::next() {
  while (waiting() > 0) {
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    bool claimed = false;
    try {
      claimed = claim(entry);
      if (claimed) use_kept_training(entry);
    } catch (const std::exception& fault) {  // of the ledger, or of the file system where prompts are
      if (claimed) give_back(entry.run->id);
      entry.retries = 0;
      end(std::move(entry), fault.what());
      continue;
    }
    if (!claimed) {
      taken_.push_back(entry.run);
      progress_.advance();
      continue;
    }
    Job job = entry.job();
    entry.training.emplace(log_path(ledger_.path(), entry.run->id));
    in_hand_.insert_or_assign(entry.run->id, std::move(entry));
    return job;
  }
  return std::nullopt;
}

/// Whoever had a run since it was planned may have died after training it: then only the tests are missing.
void JobQueue::use_kept_training(Entry& entry) const {
  if (entry.kept_state || spec_.force) return;
  if (const auto state = ledger_.state(entry.run->id))
    entry.kept_state = usable_training(*entry.run, *state, ledger_.path());
}

/// Keeps a training: first its prompt, then the record that speaks of it. One that is not kept goes, and its
/// checkpoint stays.
void JobQueue::keep(Entry& entry, const JobOutcome& trained) {
  try {
    ledger_.keep_training(trained.run, trained.outcome, [&] {
      if (trained.prompt.empty()) return;
      publish_prompt(ledger_.path(), trained.run, trained.prompt);
      has_moved_prompts_ = true;
      if (!is_together_) keep_moved_prompts();
    });
    entry.kept_state = trained.outcome.state_hash;
    remove_checkpoint(ledger_.path(), trained.run);
  } catch (const Error& fault) {
    entry.fault = fault.what();
    if (!trained.prompt.empty()) discard_prompt(ledger_.path(), trained.run, trained.prompt);
  }
}

bool JobQueue::has(const JobOutcome& end) const {
  const std::vector<RunRecord> runs = ledger_.list({.id = end.run});
  if (runs.empty() || runs[0].status != RunStatus::done || runs[0].owner) return false;
  if (end.stage != JobStage::done) return false;
  const RunOutcome known = ledger_.outcome(end.run);
  const auto has_score = [&](const Score& score) {
    return std::ranges::any_of(known.scores, [&](const Score& other) {
      return std::tie(score.dataset, score.class_set, score.split_hash, score.predictions_hash) ==
             std::tie(other.dataset, other.class_set, other.split_hash, other.predictions_hash);
    });
  };
  const auto has_refusal = [&](const Refusal& refusal) {
    return std::ranges::any_of(known.refusals, [&](const Refusal& other) {
      return std::tie(refusal.dataset, refusal.class_set, refusal.split_hash) ==
             std::tie(other.dataset, other.class_set, other.split_hash);
    });
  };
  return std::ranges::all_of(end.outcome.scores, has_score) &&
         std::ranges::all_of(end.outcome.refusals, has_refusal);
}

bool JobQueue::report(const JobOutcome& outcome) {
  const auto found = in_hand_.find(outcome.run);
  if (found == in_hand_.end()) return false;
  if (outcome.stage == JobStage::trained) {
    keep(found->second, outcome);
    return found->second.fault.empty();
  }

  Entry entry = std::move(found->second);
  in_hand_.erase(found);
  bool is_taken = entry.fault.empty();
  const size_t tests = entry.tests->size();
  std::string reason = entry.fault.empty() ? outcome.error : entry.fault;
  try {
    if (outcome.stage == JobStage::interrupted) {
      ledger_.release(outcome.run);
      ++interrupted_;
      return is_taken;
    }
    if (reason.empty() && outcome.stage == JobStage::done) {
      ledger_.add_tests(outcome.run, outcome.outcome);
      entry.tests = without_made(*entry.tests, outcome.outcome);
      reason = outcome.outcome.shortfall;
    } else {
      ledger_.fail(outcome.run, reason);
    }
  } catch (const Error& fault) {
    reason = fault.what();
    is_taken = false;
  }
  if (reason.empty() && !entry.tests->empty() && entry.tests->size() < tests) {
    put_back(std::move(entry));
  } else {
    end(std::move(entry), reason);
  }
  return is_taken;
}

void JobQueue::take_back(const std::string& run) {
  auto found = in_hand_.extract(run);
  if (found.empty()) return;
  Entry& entry = found.mapped();
  try {
    ledger_.release(run);
    const std::vector<RunRecord> records = ledger_.list({.id = run});
    entry.attempt = records.empty() ? 0 : records.front().attempts;
  } catch (const Error& fault) {
    return end(std::move(entry), fault.what());
  }
  put_back(std::move(entry));
}

void JobQueue::together(const std::function<void()>& calls) {
  is_together_ = true;
  try {
    ledger_.together([&] {
      calls();
      keep_moved_prompts();
    });
  } catch (...) {
    is_together_ = false;
    throw;
  }
  is_together_ = false;
}

/// Before the record that speaks of them is committed.
void JobQueue::keep_moved_prompts() {
  if (std::exchange(has_moved_prompts_, false)) keep_prompts(ledger_.path());
}

void JobQueue::lose(const std::string& run, const WorkerEnd& end) {
  const auto found = in_hand_.find(run);
  if (found == in_hand_.end()) return;
  if (end.interrupted && interrupted()) {
    report({.run = run, .stage = JobStage::interrupted});
    return;
  }
  report({.run = run, .stage = JobStage::failed, .error = reason_of(end, *found->second.run->method)});
}

void JobQueue::show_progress() {
  if (in_hand_.empty()) return;
  Underway underway;
  for (auto& [id, entry] : in_hand_) {
    entry.training->update();
    underway.steps += entry.training->share();
  }
  underway.text = first_in_hand();
  progress_.tell(std::move(underway));
}

void JobQueue::show_progress(const std::vector<std::string>& runs, const std::string& words) {
  Underway underway{.text = words};
  for (const std::string& run : runs) {
    const auto entry = in_hand_.find(run);
    if (entry == in_hand_.end()) continue;
    entry->second.training->update();
    underway.steps += entry->second.training->share();
  }
  progress_.tell(std::move(underway));
}

std::string JobQueue::first_in_hand() const {
  const Entry& first = in_hand_.begin()->second;
  const std::string epoch = first.training->text();
  return fmt::format("{}{}{}{}", first.run->title(), epoch.empty() ? "" : ": ", epoch,
                     in_hand_.size() == 1 ? "" : fmt::format(" and {} more", in_hand_.size() - 1));
}

void JobQueue::note_accident(const WorkerEnd& end) {
  if (end.accident.empty() || stops()) return;
  std::string line = end.stopped
                         ? "somebody stops worker processes again and again; sweep again when that has ended"
                         : fmt::format("a worker process ended with {} outside of any run", end.accident);
  if (end.stopped && std::ranges::count(accidents_, line) > 0) return;
  accidents_.push_back(std::move(line));
}

void JobQueue::put_back(Entry entry) {
  ++entry.attempt;
  entry.redo = Redo::yes;  // what the attempt kept may have made the run a done one
  entry.fault.clear();
  waiting_.push_back(std::move(entry));
}

/// An attempt has ended, well unless there is a reason. Puts the run back into the queue or settles it.
void JobQueue::end(Entry entry, const std::string& reason) {
  if (!reason.empty() && entry.retries > 0) {
    --entry.retries;
    return put_back(std::move(entry));
  }
  progress_.advance();
  if (reason.empty()) {
    ++made_;
  } else {
    failures_.push_back({entry.run->title(), reason});
  }
}

void JobQueue::add_to(SweepOutcome& outcome) const {
  outcome.made += made_;
  const auto unmade = static_cast<int64_t>(waiting_.size() + in_hand_.size()) + interrupted_;
  (stops() ? outcome.left_out : outcome.elsewhere) += unmade;
  outcome.failures.insert(outcome.failures.end(), failures_.begin(), failures_.end());
  outcome.accidents.insert(outcome.accidents.end(), accidents_.begin(), accidents_.end());
  if (taken_.empty()) return;

  const KnownRuns known(&ledger_);
  for (const PlannedRun* run : taken_) {
    const RunRecord* record = known.find(run->id);
    const bool tried =
        record != nullptr && record->status != RunStatus::running && record->attempts > run->attempts();
    const auto has = [&](const JobTest& test) { return known.has(run->id, test); };
    if (record != nullptr && record->owner)
      outcome.held.push_back({run->id, *record->owner, record->claimed});
    if (tried && !record->error.empty()) {
      outcome.failures.push_back({run->title(), record->error});
    } else {
      // A process with another protocol may have finished the run without the tests of this one.
      ++(tried && std::ranges::all_of(*run->job.tests, has) ? outcome.made : outcome.elsewhere);
    }
  }
}

}  // namespace promptbed
