#include "sweep/time_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/progress.h"

namespace promptbed {
namespace {

/// What runs have in common that take as long.
std::string without_seed(const RunSpec& spec) {
  nlohmann::json canonical = spec.canonical();
  canonical.erase("seed");
  return canonical.dump();
}

/// The same across datasets.
std::string likeness(const RunSpec& spec) {
  nlohmann::json canonical = spec.canonical();
  for (const char* of_dataset :
       {"seed", "dataset", "split_hash", "prompt_template", "context_init", "images", "draw", "descriptions"})
    canonical.erase(of_dataset);
  return canonical.dump();
}

struct Mean {
  double sum = 0;
  int64_t count = 0;

  void add(double value) {
    sum += value;
    ++count;
  }
};

using Means = std::map<std::string, Mean>;

std::optional<double> mean_of(const Means& means, const std::string& key) {
  const auto found = means.find(key);
  if (found == means.end()) return std::nullopt;
  return found->second.sum / static_cast<double>(found->second.count);
}

}  // namespace

double TimeEstimate::elapsed(int64_t jobs) const {
  return runs == 0 ? 0 : seconds / static_cast<double>(std::min(jobs, static_cast<int64_t>(runs)));
}

std::string TimeEstimate::text(int64_t jobs) const {
  if (runs == 0) return "";
  return fmt::format("about {}, as finished runs like them took{}",
                     duration_text(std::chrono::duration<double>(elapsed(jobs))),
                     unknown == 0 ? "" : fmt::format(" ({} of {} have none)", unknown, runs + unknown));
}

TimeEstimate estimate_time(const Plan& plan, const Ledger& ledger) {
  std::map<std::string, double> seconds_of;
  for (const RunExecution& made : ledger.executions()) {
    for (const auto& [phase, seconds] : made.execution.seconds) seconds_of[made.run] += seconds;
  }
  Means same, alike;
  for (const RunRecord& run : ledger.list({.status = RunStatus::done})) {
    const auto made = seconds_of.find(run.id);
    if (made == seconds_of.end()) continue;
    same[without_seed(run.spec)].add(made->second);
    alike[likeness(run.spec)].add(made->second);
  }
  TimeEstimate estimate;
  for (const PlannedRun* run : plan.pending()) {
    std::optional<double> seconds = mean_of(same, without_seed(run->job.run));
    if (!seconds) seconds = mean_of(alike, likeness(run->job.run));
    estimate.seconds += seconds.value_or(0);
    ++(seconds ? estimate.runs : estimate.unknown);
  }
  return estimate;
}

}  // namespace promptbed
