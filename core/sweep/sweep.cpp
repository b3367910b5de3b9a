#include "sweep/sweep.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "base/interrupt.h"
#include "base/progress.h"
#include "sweep/features.h"
#include "sweep/run.h"

namespace promptbed {
namespace {

Redo redo(const Workbench& bench) {
  return bench.spec().force ? Redo::yes : Redo::no;
}

/// The cache of the dataset at hand; runs come dataset by dataset.
class OpenCache {
 public:
  const FeatureCache& of(const PlannedDataset& dataset, const Workbench& bench) {
    if (!cache_ || dataset_ != dataset.spec.id) {
      cache_.emplace(bench.inputs().open_cache(dataset.spec));
      dataset_ = dataset.spec.id;
    }
    return *cache_;
  }

 private:
  std::optional<FeatureCache> cache_;
  std::string dataset_;
};

/// Claims the run, makes it and puts it, or its fault, on record. Nothing happens where another process has
/// taken it.
void claim_and_make(const PlannedRun& run, OpenCache& cache, Workbench& bench) {
  if (!bench.ledger().claim(run.spec, redo(bench), run.attempts())) return;
  try {
    put_on_record(make_run(run, cache.of(*run.dataset, bench), bench), run, bench);
  } catch (const Interrupted&) {
    bench.ledger().release(run.id);
    throw;
  } catch (const std::exception& fault) {
    // Also LibTorch's own errors, of which the first line says what was wrong.
    const std::string text = fault.what();
    bench.ledger().fail(run.id, text.substr(0, text.find('\n')));
  }
}

/// Takes out the runs on spoilt datasets, and records them as failed.
std::vector<const PlannedRun*> without_spoilt(std::vector<const PlannedRun*> runs,
                                              const std::map<std::string, std::string>& spoilt,
                                              Workbench& bench, SweepReport& report) {
  std::erase_if(runs, [&](const PlannedRun* run) {
    const auto found = spoilt.find(run->dataset->spec.id);
    if (found == spoilt.end()) return false;
    if (bench.ledger().claim(run->spec, redo(bench), run->attempts()))
      bench.ledger().fail(run->id, found->second);
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

  void watch() {
    const auto ended =
        std::erase_if(waiting_, [&](const PlannedRun* run) { return tried(*run, bench_.ledger()); });
    if (ended > 0) progress_.advance(static_cast<int64_t>(ended));
  }

  /// Gives up what a worker had in hand when it ended. The runs for another worker in its place: where this
  /// one fell over a run, those that nobody has tried; where it did not, another would come to the same end.
  std::vector<const PlannedRun*> after_worker(const WorkerEnd& end) {
    if (interrupted()) return {};
    const std::vector<RunRecord> left = bench_.ledger().left_by(end.pid);
    if (left.empty() && !end.accident.empty())
      accidents_.push_back(fmt::format("a worker process ended with {} outside of any run", end.accident));
    if (left.empty()) return {};
    for (const PlannedRun* run : runs_) {
      if (std::none_of(left.begin(), left.end(), [&](const RunRecord& r) { return r.id == run->id; }))
        continue;
      bench_.ledger().fail(run->id, describe(end, *run));
    }
    watch();
    return waiting_;
  }

  void tell(SweepReport& report) const {
    std::map<std::string, RunRecord> records;
    for (RunRecord& record : bench_.ledger().list()) records.emplace(record.id, std::move(record));
    for (const PlannedRun* run : runs_) {
      const auto record = records.find(run->id);
      if (record == records.end() || !tried(*run, bench_.ledger())) {
        ++report.elsewhere;
      } else if (record->second.error.empty()) {
        ++report.made;
      } else {
        report.failures.push_back({run->title(), record->second.error});
      }
    }
    report.accidents = accidents_;
  }

 private:
  const std::vector<const PlannedRun*>& runs_;
  Workbench& bench_;
  Progress& progress_;
  std::vector<const PlannedRun*> waiting_;  // nobody has tried them to their end
  std::vector<std::string> accidents_;
};

}  // namespace

void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench) {
  OpenCache cache;
  for (const PlannedRun* run : runs) {
    check_interrupt();
    claim_and_make(*run, cache, bench);
  }
}

SweepReport run_sweep(const Plan& plan, Workbench& bench, const StartWorkers& start_workers,
                      std::ostream& log) {
  SweepReport report;
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty()) report.failures.push_back({run.title(), run.obstacle});
  }
  auto pending = plan.pending(bench.spec().force);
  report.present = static_cast<int64_t>(plan.runs.size() - pending.size() - report.failures.size());
  if (pending.empty()) return report;

  // Features that are wrong and a ledger that cannot be made show before any work.
  count_missing_pictures(plan, pending, bench.inputs());
  bench.ledger();
  const auto spoilt = extract_missing_features(plan, pending, bench, log);
  pending = without_spoilt(std::move(pending), spoilt, bench, report);
  if (pending.empty()) return report;

  check_interrupt();
  Progress progress("runs", static_cast<int64_t>(pending.size()), log, is_terminal(log));
  RunsAtWork at_work(pending, bench, progress);
  start_workers(
      pending, std::min(bench.spec().jobs, static_cast<int64_t>(pending.size())), [&] { at_work.watch(); },
      [&](const WorkerEnd& end) { return at_work.after_worker(end); });
  check_interrupt();
  at_work.tell(report);
  return report;
}

}  // namespace promptbed
