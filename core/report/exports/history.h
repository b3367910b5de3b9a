#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/select/snapshot.h"

namespace promptbed {

/// One number that was measured of a run.
struct HistoryFact {
  std::string metric;                 ///< "train/loss", "test/dtd/new/accuracy"
  std::optional<int64_t> epoch = {};  ///< from 1; nothing of what is tested after training
  double value = 0;
};

/// What happened in a finished run, epoch by epoch and then in its tests:
///
///     train/loss, train/learning_rate, train/seconds   of each epoch; the loss is NaN where it diverged
///     tracked/base, tracked/new                        percent, of sweeps with --track-new
///     test/DATASET/CLASSES/accuracy, .../macro_f1      percent, and what else was measured by name
std::vector<HistoryFact> history_of(const Snapshot& snapshot, const RunResults& run);

/// What people call a run: "coop on dtd, base classes, 16 shots, seed 1".
std::string name_of(const RunResults& run);

}  // namespace promptbed
