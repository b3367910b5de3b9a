#include "sweep/time_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "base/progress.h"

namespace promptbed {
namespace {

/// What runs have in common that take as long, whatever their seed and dataset.
std::string likeness(const RunSpec& spec) {
  nlohmann::json canonical = spec.canonical();
  for (const char* of_dataset :
       {"seed", "dataset", "split_hash", "prompt_template", "context_init", "images", "draw", "descriptions"})
    canonical.erase(of_dataset);
  return canonical.dump();
}

}  // namespace

Experience::Experience(const Ledger& ledger) {
  std::map<std::string, Duration> duration_of;
  for (const RunExecution& made : ledger.executions()) {
    Duration& duration = duration_of[made.run];
    for (const auto& [phase, seconds] : made.execution.seconds) duration.seconds += seconds;
    duration.core_seconds = duration.seconds * static_cast<double>(made.execution.threads);
  }
  const auto add = [](Mean& mean, const Duration& duration) {
    mean.sum.seconds += duration.seconds;
    mean.sum.core_seconds += duration.core_seconds;
    ++mean.count;
  };
  for (const RunRecord& run : ledger.list({.status = RunStatus::done})) {
    const auto made = duration_of.find(run.id);
    if (made == duration_of.end()) continue;
    add(same_[run.spec.without_seed()], made->second);
    add(alike_[likeness(run.spec)], made->second);
  }
}

std::optional<Experience::Duration> Experience::of(const RunSpec& run) const {
  if (same_.empty()) return std::nullopt;
  auto found = same_.find(run.without_seed());
  if (found == same_.end()) {
    found = alike_.find(likeness(run));
    if (found == alike_.end()) return std::nullopt;
  }
  const Mean& mean = found->second;
  return Duration{mean.sum.seconds / mean.count, mean.sum.core_seconds / mean.count};
}

double TimeEstimate::elapsed(int64_t jobs) const {
  return runs == 0 ? 0 : sum.seconds / static_cast<double>(std::min(jobs, static_cast<int64_t>(runs)));
}

std::string TimeEstimate::text(int64_t jobs) const {
  constexpr double kHour = 3600;
  if (runs == 0) return "";
  const double hours = sum.core_seconds / kHour;
  const std::string cores = hours < 0.1  ? "under 0.1"
                            : hours < 10 ? fmt::format("{:.1f}", hours)
                                         : fmt::format("{:.0f}", hours);
  const std::string time = duration_text(std::chrono::duration<double>(elapsed(jobs)));
  if (unknown == 0)
    return fmt::format("about {} and {} core hours, as finished runs like them took", time, cores);
  return fmt::format(
      "{} and {} core hours for {} of {}, as finished runs like them took; of the others nothing "
      "is known",
      time, cores, runs, plural(runs + unknown, "run"));
}

TimeEstimate estimate_time(const Plan& plan, const Experience& experience) {
  TimeEstimate estimate;
  for (const PlannedRun* run : plan.pending()) {
    if (const auto duration = experience.of(run->job.run)) {
      estimate.sum.seconds += duration->seconds;
      estimate.sum.core_seconds += duration->core_seconds;
      ++estimate.runs;
    } else {
      ++estimate.unknown;
    }
  }
  return estimate;
}

}  // namespace promptbed
