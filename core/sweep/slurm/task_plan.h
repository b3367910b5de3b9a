#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sweep/job.h"

namespace promptbed {

/// How many tasks an array has where nothing speaks for more or fewer.
inline constexpr int64_t kUsualTasks = 16;

/// How the jobs of an array are to be divided.
struct TaskLimits {
  int64_t tasks = 1;                 ///< at most
  std::optional<int64_t> minutes{};  ///< that a task shall last; without them as many tasks as there may be
  /// How long such a run takes, as far as finished ones tell.
  std::function<std::optional<double>(const RunSpec& run)> seconds_of = [](const RunSpec&) {
    return std::nullopt;
  };
};

/// Deals jobs out to tasks that last about as long as one another, each with the longest jobs first. How long
/// a job lasts is what finished runs say or, for one that no finished run is like, goes by the images that it
/// shows its method. Where none is like any of them, `minutes` mean nothing, and there are kUsualTasks at
/// most.
std::vector<std::vector<const Job*>> plan_tasks(const std::vector<const Job*>& jobs,
                                                const TaskLimits& limits);

}  // namespace promptbed
