#include "sweep/sweep.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>

#include "base/interrupt.h"
#include "base/progress.h"
#include "sweep/features.h"
#include "sweep/run.h"

namespace promptbed {
namespace {

/// Claims the run, makes it and records the outcome. Nothing where another process has it; otherwise "" or
/// the fault.
std::optional<std::string> claim_and_make(const PlannedRun& run, const FeatureCache& cache,
                                          Workbench& bench) {
  if (!bench.ledger().claim(run.spec, bench.spec().force ? Redo::yes : Redo::no)) return std::nullopt;
  try {
    bench.ledger().finish(run.id, make_run(run, cache, bench));
    return "";
  } catch (const Interrupted&) {
    bench.ledger().release(run.id);
    throw;
  } catch (const std::exception& fault) {
    // Also LibTorch's own errors, of which the first line says what was wrong.
    const std::string text = fault.what();
    const std::string line = text.substr(0, text.find('\n'));
    bench.ledger().fail(run.id, line);
    return line;
  }
}

void record_failure(const PlannedRun& run, const std::string& fault, Workbench& bench) {
  if (bench.ledger().claim(run.spec, bench.spec().force ? Redo::yes : Redo::no))
    bench.ledger().fail(run.id, fault);
}

/// Takes out the runs on spoilt datasets, and records them as failed.
std::vector<const PlannedRun*> without_spoilt(std::vector<const PlannedRun*> runs,
                                              const std::map<std::string, std::string>& spoilt,
                                              Workbench& bench, SweepReport& report) {
  std::erase_if(runs, [&](const PlannedRun* run) {
    const auto found = spoilt.find(run->dataset->spec.id);
    if (found == spoilt.end()) return false;
    record_failure(*run, found->second, bench);
    report.failures.push_back(fmt::format("{}: {}", run->title(), found->second));
    return true;
  });
  return runs;
}

bool finished(const PlannedRun& run, const Ledger& ledger) {
  const auto status = ledger.status(run.id);
  return status == RunStatus::done || status == RunStatus::failed;
}

/// Shows how many of the runs that workers do have ended since they were given out.
class WorkerProgress {
 public:
  WorkerProgress(const std::vector<const PlannedRun*>& runs, const Ledger& ledger, Progress& progress)
      : ledger_(ledger), progress_(progress), waiting_(runs) {
    // A run that failed before counts when it has been tried again, which only the end tells.
    std::erase_if(waiting_, [&](const PlannedRun* run) { return finished(*run, ledger_); });
  }

  void operator()() {
    const auto ended =
        std::erase_if(waiting_, [&](const PlannedRun* run) { return finished(*run, ledger_); });
    if (ended > 0) progress_.advance(static_cast<int64_t>(ended));
  }

 private:
  const Ledger& ledger_;
  Progress& progress_;
  std::vector<const PlannedRun*> waiting_;
};

/// What the ledger says of runs that were given to workers.
void collect(const std::vector<const PlannedRun*>& runs, const Ledger& ledger, SweepReport& report) {
  std::map<std::string, RunRecord> records;
  for (RunRecord& record : ledger.list()) records.emplace(record.id, std::move(record));
  for (const PlannedRun* run : runs) {
    const auto record = records.find(run->id);
    if (record == records.end()) {
      report.failures.push_back(
          fmt::format("{}: its worker process ended without a word; run the sweep again", run->title()));
    } else if (record->second.status == RunStatus::done) {
      ++report.made;
    } else if (record->second.status == RunStatus::failed) {
      report.failures.push_back(fmt::format("{}: {}", run->title(), record->second.error));
    } else {
      ++report.elsewhere;
    }
  }
}

}  // namespace

void do_runs(const std::vector<const PlannedRun*>& runs, Workbench& bench,
             const std::function<void(const PlannedRun&, const std::string& fault)>& after_run) {
  std::optional<FeatureCache> cache;
  std::string cached_dataset;
  for (const PlannedRun* run : runs) {
    check_interrupt();
    if (!cache || cached_dataset != run->dataset->spec.id) {
      cache.emplace(open_cache(*run->dataset, bench));
      cached_dataset = run->dataset->spec.id;
    }
    if (const auto fault = claim_and_make(*run, *cache, bench)) after_run(*run, *fault);
  }
}

SweepReport run_sweep(const Plan& plan, Workbench& bench, const StartWorkers& start_workers,
                      std::ostream& log) {
  SweepReport report;
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty()) report.failures.push_back(fmt::format("{}: {}", run.title(), run.obstacle));
  }
  auto pending = plan.pending(bench.spec().force);
  report.present = static_cast<int64_t>(plan.runs.size() - pending.size() - report.failures.size());
  if (pending.empty()) return report;

  const auto spoilt = extract_missing_features(plan, bench, log);
  pending = without_spoilt(std::move(pending), spoilt, bench, report);

  Progress progress("runs", static_cast<int64_t>(pending.size()), log, is_terminal(log));
  const int64_t jobs = std::min(bench.spec().jobs, static_cast<int64_t>(pending.size()));
  if (jobs <= 1) {
    int64_t ended = 0;
    do_runs(pending, bench, [&](const PlannedRun& run, const std::string& fault) {
      ++ended;
      if (fault.empty()) {
        ++report.made;
      } else {
        report.failures.push_back(fmt::format("{}: {}", run.title(), fault));
      }
      progress.advance();
    });
    report.elsewhere = static_cast<int64_t>(pending.size()) - ended;
  } else {
    std::vector<std::string> ids;
    for (const PlannedRun* run : pending) ids.push_back(run->id);
    WorkerProgress watch(pending, bench.ledger(), progress);
    start_workers(ids, jobs, [&] { watch(); });
    check_interrupt();
    collect(pending, bench.ledger(), report);
  }
  return report;
}

}  // namespace promptbed
