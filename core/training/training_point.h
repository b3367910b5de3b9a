#pragma once

#include <promptbed/tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "results/run_record.h"

namespace promptbed {

/// Where a training stands between two steps. A learner that is bound anew, by the same task, goes on from it
/// to the same bits as if it had never stopped.
struct TrainingPoint {
  int64_t epoch = 0;                 ///< under way, counted from 0
  int64_t step = 0;                  ///< steps of it that are made
  double seconds = 0;                ///< spent on it
  std::vector<EpochRecord> records;  ///< of the epochs before
  /// What the learner and the optimiser have changed, the sum of the epoch's losses, the task's generator,
  /// and that of the order as the epoch found it.
  NamedTensors tensors;
};

/// Keeps points of one training, so that another attempt goes on from the last of them.
class TrainingKeeper {
 public:
  virtual ~TrainingKeeper() = default;

  /// The last point that an earlier attempt kept. Asked once, before the first step.
  virtual std::optional<TrainingPoint> earlier() = 0;

  /// Whether it is time to keep another. Asked before every step.
  virtual bool is_due() = 0;

  virtual void keep(const TrainingPoint& point) = 0;
};

}  // namespace promptbed
