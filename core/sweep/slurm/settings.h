#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sweep/slurm/task_plan.h"

namespace promptbed {

/// How a sweep uses Slurm.
struct SlurmSettings {
  std::vector<std::string> options;            ///< of sbatch: see parse_slurm_options()
  TaskLimits limits = {.tasks = kUsualTasks};  ///< of an array
  bool force = false;                          ///< do without what earlier sweeps have had made
  bool wait = true;                            ///< until all is done; otherwise only until it is submitted
  std::chrono::milliseconds look{1000};        ///< between two looks for outcomes
  std::chrono::milliseconds ask{10000};        ///< between two questions to Slurm
};

}  // namespace promptbed
