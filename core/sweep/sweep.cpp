#include "sweep/sweep.h"

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

/// Records why a claimed run failed; one that was done before keeps its result instead.
void give_up(const PlannedRun& run, const std::string& fault, Workbench& bench) {
  if (run.done()) {
    bench.ledger().release(run.id);
  } else {
    bench.ledger().fail(run.id, fault);
  }
}

/// Claims the run, makes it and puts it on record. Nothing where another process has taken it; otherwise ""
/// or the fault.
std::optional<std::string> claim_and_make(const PlannedRun& run, OpenCache& cache, Workbench& bench) {
  if (!bench.ledger().claim(run.spec, redo(bench), run.attempts())) return std::nullopt;
  try {
    put_on_record(make_run(run, cache.of(*run.dataset, bench), bench), run, bench);
    return "";
  } catch (const Interrupted&) {
    bench.ledger().release(run.id);
    throw;
  } catch (const std::exception& fault) {
    // Also LibTorch's own errors, of which the first line says what was wrong.
    const std::string text = fault.what();
    const std::string line = text.substr(0, text.find('\n'));
    give_up(run, line, bench);
    return line;
  }
}

/// Takes out the runs on spoilt datasets, and records them as failed.
std::vector<const PlannedRun*> without_spoilt(std::vector<const PlannedRun*> runs,
                                              const std::map<std::string, std::string>& spoilt,
                                              Workbench& bench, SweepReport& report) {
  std::erase_if(runs, [&](const PlannedRun* run) {
    const auto found = spoilt.find(run->dataset->spec.id);
    if (found == spoilt.end()) return false;
    if (bench.ledger().claim(run->spec, redo(bench), run->attempts())) give_up(*run, found->second, bench);
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

void do_in_this_process(const std::vector<const PlannedRun*>& runs, Workbench& bench, Progress& progress,
                        SweepReport& report) {
  int64_t ended = 0;
  do_runs(runs, bench, [&](const PlannedRun& run, const std::string& fault) {
    ++ended;
    if (fault.empty()) {
      ++report.made;
    } else {
      report.failures.push_back({run.title(), fault});
    }
    progress.advance();
  });
  report.elsewhere = static_cast<int64_t>(runs.size()) - ended;
}

void do_in_workers(const std::vector<const PlannedRun*>& runs, int64_t jobs,
                   const StartWorkers& start_workers, Workbench& bench, Progress& progress,
                   SweepReport& report) {
  std::vector<const PlannedRun*> waiting = runs;
  report.accidents = start_workers(runs, jobs, [&] {
    const auto ended =
        std::erase_if(waiting, [&](const PlannedRun* run) { return tried(*run, bench.ledger()); });
    if (ended > 0) progress.advance(static_cast<int64_t>(ended));
  });
  check_interrupt();

  std::map<std::string, RunRecord> records;
  for (RunRecord& record : bench.ledger().list()) records.emplace(record.id, std::move(record));
  for (const PlannedRun* run : runs) {
    const auto record = records.find(run->id);
    if (record == records.end() || !tried(*run, bench.ledger())) {
      ++report.elsewhere;
    } else if (record->second.status == RunStatus::done) {
      ++report.made;
    } else {
      report.failures.push_back({run->title(), record->second.error});
    }
  }
}

}  // namespace

void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench,
             const std::function<void(const PlannedRun&, const std::string& fault)>& after_run) {
  OpenCache cache;
  for (const PlannedRun* run : runs) {
    check_interrupt();
    if (const auto fault = claim_and_make(*run, cache, bench)) after_run(*run, *fault);
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
  const int64_t jobs = std::min(bench.spec().jobs, static_cast<int64_t>(pending.size()));
  if (jobs == 1) {
    do_in_this_process(pending, bench, progress, report);
  } else {
    do_in_workers(pending, jobs, start_workers, bench, progress, report);
  }
  return report;
}

}  // namespace promptbed
