#include "sweep/sweep.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "base/progress.h"
#include "base/signals.h"
#include "clip/checkpoints/architecture_name.h"
#include "results/run_record.h"
#include "sweep/features.h"
#include "sweep/known_tests.h"
#include "sweep/open_caches.h"
#include "sweep/run.h"
#include "sweep/run_log.h"

namespace promptbed {
namespace {

/// A finished run is taken up again where it is to be redone, or to be tested on more.
Redo redo(const PlannedRun& run) {
  return run.state && run.state->status == RunStatus::done ? Redo::yes : Redo::no;
}

bool claim(const PlannedRun& run, Workbench& bench) {
  const bool taken = bench.ledger().claim(run.spec, redo(run), run.attempts());
  bench.ledger().ask(to_string(bench.spec().protocol), {run.id});
  return taken;
}

/// Makes a claimed run, with a log of its own.
void make_and_log(const PlannedRun& run, OpenCaches& caches, Workbench& bench) {
  RunLog log(log_path(bench.spec().ledger, run.id),
             fmt::format("{}, attempt {}", run.title(), run.attempts() + 1));
  try {
    caches.keep_those_of(run);
    make_run(run, caches, bench, log.out());
    log.out() << "done\n";
  } catch (const Interrupted&) {
    log.out() << "interrupted\n";
    throw;
  } catch (const std::exception& fault) {
    log.out() << "failed: " << fault.what() << '\n';
    throw;
  }
}

/// Claims the run, makes it and puts it, or its fault, on record. False where it failed. Nothing happens
/// where another process has taken it.
bool claim_and_make(const PlannedRun& run, OpenCaches& caches, Workbench& bench) {
  if (!claim(run, bench)) return true;
  try {
    make_and_log(run, caches, bench);
    return true;
  } catch (const Interrupted&) {
    bench.ledger().release(run.id);
    throw;
  } catch (const std::exception& fault) {
    // Also LibTorch's own errors, of which the first line says what was wrong; the log has the whole.
    const std::string text = fault.what();
    bench.ledger().fail(run.id, text.substr(0, text.find('\n')));
    return false;
  }
}

/// Takes out the runs on spoilt datasets, and records them as failed. Where a dataset is only tested on, its
/// runs are made without that test.
std::vector<const PlannedRun*> without_spoilt(std::vector<const PlannedRun*> runs,
                                              const std::map<std::string, std::string>& spoilt,
                                              Workbench& bench, SweepReport& report) {
  std::erase_if(runs, [&](const PlannedRun* run) {
    const auto found = spoilt.find(run->dataset->spec.id);
    if (found == spoilt.end()) return false;
    if (claim(*run, bench)) bench.ledger().fail(run->id, found->second);
    report.failures.push_back({run->title(), found->second});
    return true;
  });
  return runs;
}

/// Whether the run has been tried, to its end, since it was planned.
bool tried(const PlannedRun& run, const Ledger& ledger) {
  const auto state = ledger.state(run.id);
  return state && state->status != RunStatus::running && state->attempts > run.attempts();
}

/// Why a run failed in the middle of which its worker ended.
std::string describe(const WorkerEnd& end, const PlannedRun& run) {
  const std::string accident = end.accident.empty() ? "exit code 0" : end.accident;
  if (end.killed) {
    return fmt::format("{}: its process ended with {}, perhaps because memory was short; use fewer --jobs",
                       run.method->name(), accident);
  }
  return fmt::format("{} (plugin {}): its process ended with {}; mend the plugin or leave the method out",
                     run.method->name(), run.method->file.filename().string(), accident);
}

/// Runs in the hands of worker processes: looks after them while they are, and tells what became of them.
class RunsAtWork {
 public:
  RunsAtWork(const std::vector<const PlannedRun*>& runs, Workbench& bench, Progress& progress)
      : runs_(runs), bench_(bench), progress_(progress), waiting_(runs) {}

  Watch watch() {
    const auto ended = std::erase_if(waiting_, [&](const PlannedRun* run) {
      if (!tried(*run, bench_.ledger())) return false;
      some_failed_ = some_failed_ || !bench_.ledger().find(run->id).error.empty();
      return true;
    });
    if (ended > 0) progress_.advance(static_cast<int64_t>(ended));
    return stopped() ? Watch::stop : Watch::go_on;
  }

  /// Gives up what a worker had in hand when it ended. The runs for another worker in its place: where this
  /// one fell over a run, those that nobody has tried; where it did not, another would come to the same end.
  std::vector<const PlannedRun*> after_worker(const WorkerEnd& end) {
    if (interrupted()) return {};
    const std::vector<RunRecord> left = bench_.ledger().left_by(end.pid);
    if (left.empty() && !end.accident.empty() && !stopped())
      accidents_.push_back(fmt::format("a worker process ended with {} outside of any run", end.accident));
    if (left.empty()) return {};
    for (const PlannedRun* run : runs_) {
      if (std::none_of(left.begin(), left.end(), [&](const RunRecord& r) { return r.id == run->id; }))
        continue;
      bench_.ledger().fail(run->id, describe(end, *run));
    }
    if (watch() == Watch::stop) return {};
    return waiting_;
  }

  /// Whether a run has failed in a sweep that goes on until one does.
  bool stopped() const { return some_failed_ && bench_.spec().fail_fast; }

  /// Those that were tried and failed.
  std::vector<const PlannedRun*> failed_runs() const {
    const auto errors = errors_by_run();
    std::vector<const PlannedRun*> found;
    for (const PlannedRun* run : runs_) {
      if (tried(*run, bench_.ledger()) && !errors.at(run->id).empty()) found.push_back(run);
    }
    return found;
  }

  /// Adds what became of the runs, but for those that are to be tried again.
  void tell(SweepReport& report, const std::vector<const PlannedRun*>& tried_again) const {
    const auto errors = errors_by_run();
    const KnownTests known(&bench_.ledger());
    for (const PlannedRun* run : runs_) {
      if (std::ranges::find(tried_again, run) != tried_again.end()) continue;
      if (!tried(*run, bench_.ledger())) {
        ++(stopped() ? report.left_out : report.elsewhere);
      } else if (const std::string& error = errors.at(run->id); !error.empty()) {
        report.failures.push_back({run->title(), error});
      } else {
        // A process with another protocol may have finished the run, and left out the tests of this one.
        ++(known.has_all(*run) ? report.made : report.elsewhere);
      }
    }
    report.accidents.insert(report.accidents.end(), accidents_.begin(), accidents_.end());
  }

 private:
  /// What went wrong with each run of the ledger; "" where nothing did.
  std::map<std::string, std::string> errors_by_run() const {
    std::map<std::string, std::string> errors;
    for (const RunRecord& record : bench_.ledger().list()) errors[record.id] = record.error;
    return errors;
  }

  const std::vector<const PlannedRun*>& runs_;
  Workbench& bench_;
  Progress& progress_;
  std::vector<const PlannedRun*> waiting_;  // nobody has tried them to their end
  bool some_failed_ = false;
  std::vector<std::string> accidents_;
};

/// Has workers do the runs once. Returns those to be tried again, of which the report does not tell.
std::vector<const PlannedRun*> do_once(const std::vector<const PlannedRun*>& runs, bool may_retry,
                                       Workbench& bench, const StartWorkers& start_workers, std::ostream& log,
                                       SweepReport& report) {
  Progress progress("runs", static_cast<int64_t>(runs.size()), log, is_terminal(log));
  RunsAtWork at_work(runs, bench, progress);
  start_workers(
      runs, std::min(bench.spec().jobs, static_cast<int64_t>(runs.size())), [&] { return at_work.watch(); },
      [&](const WorkerEnd& end) { return at_work.after_worker(end); });
  check_interrupt();
  std::vector<const PlannedRun*> again;
  if (may_retry && !at_work.stopped()) again = at_work.failed_runs();
  at_work.tell(report, again);
  return again;
}

void ask_for_all(const Plan& plan, Workbench& bench) {
  std::vector<std::string> ids;
  for (const PlannedRun& run : plan.runs) ids.push_back(run.id);
  bench.ledger().ask(to_string(bench.spec().protocol), ids);
}

void describe_model(Workbench& bench) {
  const ClipModel& model = bench.inputs().model();
  const auto path = std::filesystem::absolute(model.path()).lexically_normal();
  const auto name = path.has_filename() ? path.filename() : path.parent_path().filename();
  bench.ledger().describe({.fingerprint = model.fingerprint(),
                           .name = name.string(),
                           .architecture = architecture_name(model.checkpoint())});
}

}  // namespace

void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench) {
  OpenCaches caches(bench.inputs());
  for (const PlannedRun* run : runs) {
    check_interrupt();
    const bool failed = !claim_and_make(*run, caches, bench);
    if (failed && bench.spec().fail_fast) return;  // the sweep stops the other workers
  }
}

SweepReport run_sweep(Plan& plan, Workbench& bench, const StartWorkers& start_workers, std::ostream& log) {
  SweepReport report;
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty()) report.failures.push_back({run.title(), run.obstacle});
  }
  auto pending = plan.pending();
  report.present = static_cast<int64_t>(plan.runs.size() - pending.size() - report.failures.size());
  if (pending.size() < plan.runs.size() && bench.existing_ledger() != nullptr) ask_for_all(plan, bench);
  if (pending.empty()) return report;
  if (bench.spec().fail_fast && !report.failures.empty()) {
    report.left_out = static_cast<int64_t>(pending.size());
    return report;
  }

  // Features that are wrong and a ledger that cannot be made show before any work.
  count_missing_pictures(plan, pending, bench.inputs());
  describe_model(bench);
  const auto spoilt = extract_missing_features(plan, pending, bench, log);
  pending = without_spoilt(std::move(pending), spoilt, bench, report);
  for (int64_t retry = 0; !pending.empty(); ++retry) {
    check_interrupt();
    const bool may_retry = retry < bench.spec().retries;
    pending = do_once(pending, may_retry, bench, start_workers, log, report);
    for (PlannedRun& run : plan.runs) run.state = bench.ledger().state(run.id);
  }
  return report;
}

}  // namespace promptbed
