#include "sweep/slurm/task_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sweep/deal_out.h"

namespace promptbed {
namespace {

/// About how long a job takes, in images that it shows its method in training; one without training is not
/// free.
double images_of(const Job& job) {
  if (!job.run.recipe || job.kept_state) return 1;
  return 1 + static_cast<double>(job.run.recipe->epochs) * static_cast<double>(job.data->draw.train.size());
}

/// How long each job takes: in seconds, or in images if nothing tells how long one takes.
struct Durations {
  std::vector<double> each;
  bool in_seconds = false;
};

Durations durations_of(const std::vector<const Job*>& jobs, const TaskLimits& limits) {
  Durations durations;
  std::vector<std::optional<double>> known;
  double seconds = 0, images = 0;
  for (const Job* job : jobs) {
    durations.each.push_back(images_of(*job));
    const bool trains = durations.each.back() > 1;
    known.push_back(job->kept_state ? std::nullopt : limits.seconds_of(job->run));
    if (!known.back() || !trains) continue;
    seconds += *known.back();
    images += durations.each.back();
  }
  if (!(seconds > 0)) return durations;
  durations.in_seconds = true;
  for (size_t i = 0; i < jobs.size(); ++i)
    durations.each[i] = known[i] ? *known[i] : durations.each[i] * seconds / images;
  return durations;
}

size_t count_tasks(const Durations& durations, const TaskLimits& limits) {
  const auto most = std::min(static_cast<size_t>(limits.tasks), durations.each.size());
  if (!limits.minutes) return most;
  if (!durations.in_seconds) return std::min(most, static_cast<size_t>(kUsualTasks));
  const double seconds = std::accumulate(durations.each.begin(), durations.each.end(), 0.0);
  const double wanted = std::ceil(seconds / (60 * static_cast<double>(*limits.minutes)));
  return static_cast<size_t>(std::clamp(wanted, 1.0, static_cast<double>(most)));
}

}  // namespace

std::vector<std::vector<const Job*>> plan_tasks(const std::vector<const Job*>& jobs,
                                                const TaskLimits& limits) {
  if (jobs.empty()) return {};
  const Durations durations = durations_of(jobs, limits);
  std::vector<size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) { return durations.each[i]; });
  constexpr double kParts = 1000;  // of a second, or an image
  std::vector<int64_t> costs;
  for (const size_t i : order) costs.push_back(std::llround(kParts * durations.each[i]));
  std::vector<std::vector<const Job*>> tasks(count_tasks(durations, limits));
  const std::vector<size_t> task_of = deal_out(costs, tasks.size());
  for (size_t i = 0; i < order.size(); ++i) tasks[task_of[i]].push_back(jobs[order[i]]);
  return tasks;
}

}  // namespace promptbed
