#include "sweep/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <ostream>
#include <utility>

#include "base/signals.h"
#include "base/utc.h"
#include "clip/checkpoints/architecture.h"
#include "results/dataset_places.h"
#include "results/run_files.h"
#include "sweep/features.h"
#include "sweep/slurm/task_folder.h"

namespace promptbed {
namespace {

/// Keeps that this protocol asks for the runs that the ledger has already.
void ask_for_all(const Plan& plan, const SweepSpec& spec) {
  if (!std::filesystem::exists(spec.ledger)) return;
  std::vector<std::string> ids;
  for (const PlannedRun& run : plan.runs) ids.push_back(run.id);
  Ledger(spec.ledger).ask(to_string(spec.protocol), ids);
}

void describe_model(const ClipModel& model, Ledger& ledger) {
  const auto path = std::filesystem::absolute(model.path()).lexically_normal();
  const auto name = path.has_filename() ? path.filename() : path.parent_path().filename();
  ledger.describe({.fingerprint = model.fingerprint(),
                   .name = name.string(),
                   .architecture = architecture_name(model.checkpoint())});
}

/// Removes the files of processes that are gone, unless tasks of a cluster may be at work on them: of those
/// it is not known here.
void tidy_beside(const Ledger& ledger) {
  if (!TaskFolder(ledger.path()).is_in_use()) remove_abandoned_files(ledger);
}

/// Keeps where the user's own datasets are, for whoever tests their prompts again.
void keep_own_places(const Plan& plan, const SweepSpec& spec, std::ostream& log) {
  std::vector<DatasetPlace> places;
  for (const auto& dataset : plan.datasets) {
    const DatasetSpec& own = dataset->spec;
    if (!own.is_own()) continue;
    const auto path = own.split.file.empty() ? own.folder : own.folder / own.split.file;
    places.push_back({own.id, dataset->split_hash, path});
  }
  keep_places(spec.ledger, places, log);
}

/// "2 h" since a time in the ledger's form.
std::string age_of(const std::string& since) {
  const auto began = seconds_since_1970(since);
  if (!began) return "an unknown time";
  const auto seconds = std::max<int64_t>(0, std::time(nullptr) - static_cast<int64_t>(*began));
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < kMinute) return fmt::format("{} s", seconds);
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < kDay) return fmt::format("{} h", seconds / kHour);
  return fmt::format("{} d", seconds / kDay);
}

/// A line for each process that has runs of this sweep.
void add_held(const std::vector<HeldRun>& held, std::vector<std::string>& lines) {
  std::map<std::pair<std::string, int64_t>, std::vector<const HeldRun*>> by_owner;
  for (const HeldRun& run : held) by_owner[{run.owner.host, run.owner.pid}].push_back(&run);
  for (const auto& [owner, runs] : by_owner) {
    std::vector<std::string> ids;
    for (const HeldRun* run : runs) ids.push_back(run->run);
    lines.push_back(
        fmt::format("not done here: {} that process {} on {} has had for {}; wait for it and sweep again or, "
                    "if it is gone, "
                    "runner runs release {}",
                    plural(runs.size(), "run"), owner.second, owner.first, age_of(runs.front()->since),
                    fmt::join(ids, " ")));
  }
}

}  // namespace

SweepOutcome run_sweep(const Plan& plan, const SweepSpec& spec, Workbench& bench, const Executor& executor,
                       std::ostream& log) {
  SweepOutcome outcome;
  for (const PlannedRun& run : plan.runs) {
    if (!run.obstacle.empty()) outcome.failures.push_back({run.title(), run.obstacle});
  }
  auto pending = plan.pending();
  outcome.present = static_cast<int64_t>(plan.runs.size() - pending.size() - outcome.failures.size());
  ask_for_all(plan, spec);
  if (pending.empty()) {
    keep_own_places(plan, spec, log);
    return outcome;
  }
  if (spec.fail_fast && !outcome.failures.empty()) {
    outcome.left_out = static_cast<int64_t>(pending.size());
    return outcome;
  }

  // Features that are wrong and a ledger that cannot be made show before any work.
  std::vector<Extraction> extractions = extractions_of(plan, pending, bench.inputs());
  Ledger ledger(spec.ledger);
  tidy_beside(ledger);
  describe_model(bench.inputs().model(), ledger);
  keep_own_places(plan, spec, log);
  std::map<std::string, std::string> spoilt;
  if (executor.extract) {
    std::erase_if(extractions, [](const Extraction& extraction) { return extraction.missing == 0; });
    executor.extract(std::move(extractions));
  } else {
    spoilt = extract(extractions, bench.inputs(), spec.threads * spec.jobs, log);
  }

  Progress progress("runs", static_cast<int64_t>(pending.size()), log, is_terminal(log));
  JobQueue queue(pending, spec, ledger, progress);
  queue.fail_datasets(spoilt);
  executor.make_jobs(queue);
  tidy_beside(ledger);  // after workers that died between a prompt and its record
  check_interrupt();
  queue.add_to(outcome);
  return outcome;
}

std::string summary(const SweepOutcome& outcome, const Plan& plan) {
  std::vector<std::string> parts;
  const auto add = [&](int64_t runs, const char* what) {
    if (runs > 0) parts.push_back(fmt::format("{} {}", runs, what));
  };
  add(outcome.made, "done now");
  add(outcome.present, "done before");
  add(outcome.elsewhere, "not done here");
  add(outcome.left_out, "left out");
  add(static_cast<int64_t>(outcome.failures.size()), "failed");
  return fmt::format("{}: {}", plural(plan.runs.size(), "run"), fmt::join(parts, ", "));
}

std::vector<std::string> shortcomings(const SweepOutcome& outcome) {
  std::map<std::string, std::vector<std::string>> runs_of;
  for (const Failure& failure : outcome.failures) runs_of[failure.reason].push_back(failure.run);
  std::vector<std::string> lines;
  for (const auto& [reason, runs] : runs_of) {
    const std::string others = runs.size() > 1 ? fmt::format(" and {} more", runs.size() - 1) : "";
    lines.push_back(fmt::format("failed: {}{}: {}", runs.front(), others, reason));
  }
  for (const std::string& accident : outcome.accidents) lines.push_back("failed: " + accident);
  add_held(outcome.held, lines);
  const auto others = outcome.elsewhere - static_cast<int64_t>(outcome.held.size());
  if (others > 0) {
    lines.push_back(
        fmt::format("not done here: {} {}", plural(static_cast<size_t>(others), "run"),
                    outcome.accidents.empty()
                        ? "that another process has taken; wait for it and sweep again (runner runs list)"
                        : "that no worker was left for; sweep again"));
  }
  if (outcome.left_out > 0) {
    lines.push_back(fmt::format("left out after the first failure, as --fail-fast asks: {}",
                                plural(static_cast<size_t>(outcome.left_out), "run")));
  }
  return lines;
}

bool is_complete(const SweepOutcome& outcome) {
  return outcome.failures.empty() && outcome.accidents.empty() && outcome.elsewhere == 0 &&
         outcome.left_out == 0;
}

}  // namespace promptbed
