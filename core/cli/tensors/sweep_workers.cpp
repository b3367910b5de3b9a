#include "cli/tensors/sweep_workers.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <iostream>
#include <map>
#include <utility>

#include "base/signals.h"
#include "cli/data_options.h"

namespace promptbed {
namespace {

/// Runs for workers, one a line: the id, and how often it had been tried when the sweep was planned.
std::vector<std::string> lines_for_workers(const std::vector<const PlannedRun*>& runs) {
  std::vector<std::string> lines;
  for (const PlannedRun* run : runs) lines.push_back(fmt::format("{} {}", run->id, run->attempts()));
  return lines;
}

}  // namespace

int do_work_of_sweep(Plan plan, Workbench& bench) {
  leave_crashes_alone();  // the sweep says whose they were
  std::map<std::string, int64_t> attempts;
  for (std::pair<std::string, int64_t> line; std::cin >> line.first >> line.second;) attempts.insert(line);
  std::vector<const PlannedRun*> runs;
  for (PlannedRun& run : plan.runs) {
    const auto found = attempts.find(run.id);
    if (found == attempts.end()) continue;
    if (run.state) run.state->attempts = found->second;
    runs.push_back(&run);
  }
  try {
    do_runs(runs, bench);
  } catch (const Interrupted&) {
    return kInterrupted;  // the sweep says so
  }
  return kAllDone;
}

StartWorkers sweep_workers(Arguments arguments, std::function<void()> watch) {
  Arguments words = {"runner", "sweep"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.emplace_back(kSweepWorker);
  return [words = std::move(words), also_watch = std::move(watch)](
             const std::vector<const PlannedRun*>& runs, int64_t jobs, const std::function<Watch()>& watch,
             const AfterWorkerRuns& after_worker) {
    const auto watch_both = [&] {
      also_watch();
      return watch();
    };
    run_workers(words, lines_for_workers(runs), jobs, watch_both,
                [&](const WorkerEnd& end) -> std::optional<std::vector<std::string>> {
                  const std::vector<const PlannedRun*> others = after_worker(end);
                  if (others.empty()) return std::nullopt;
                  return lines_for_workers(others);
                });
  };
}

void print_warnings(const Plan& plan, const Workbench& bench) {
  for (const auto& dataset : plan.datasets) print_notes(dataset->split);
  for (const std::string& complaint : bench.registry().complaints())
    std::cerr << "warning: " << complaint << '\n';
  for (const std::string& warning : plugin_warnings(plan, bench)) std::cerr << "warning: " << warning << '\n';
}

void print_failures(const SweepReport& report) {
  std::map<std::string, std::vector<std::string>> runs_of;
  for (const Failure& failure : report.failures) runs_of[failure.reason].push_back(failure.run);
  for (const auto& [reason, runs] : runs_of) {
    const std::string others = runs.size() > 1 ? fmt::format(" and {} more", runs.size() - 1) : "";
    fmt::print(stderr, "failed: {}{}: {}\n", runs.front(), others, reason);
  }
  for (const std::string& accident : report.accidents) fmt::print(stderr, "failed: {}\n", accident);
  if (report.elsewhere == 0) return;
  fmt::print(stderr, "not done here: {} runs {}\n", report.elsewhere,
             report.accidents.empty()
                 ? "that another process has taken; wait for it and sweep again (runner runs list)"
                 : "that no worker was left for; sweep again");
}

}  // namespace promptbed
