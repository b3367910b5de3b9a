#pragma once

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "results/run_record.h"
#include "training/training_point.h"

namespace promptbed {

/// Keeps where a run's training stands in a file beside the ledger (checkpoint_path), so that what a killed
/// or interrupted process has trained is not lost. The next attempt goes on from it if the file is whole and
/// was made by the same code, on the same kind of device, in the same precision and with the same tracking;
/// otherwise it says why not in the run's log, and trains from the start.
class RunCheckpoint final : public TrainingKeeper {
 public:
  struct Terms {
    std::filesystem::path path;
    std::string run;                       ///< its id
    std::string device;                    ///< its kind: "cpu" or "cuda"
    int64_t track_new = 0;                 ///< see BenchSpec
    std::chrono::milliseconds interval{};  ///< between two checkpoints; 0: only when the run is interrupted
  };

  /// `outcome` holds what the run has so far, and how it is executed. It and the log must outlive the
  /// checkpoint.
  RunCheckpoint(Terms terms, RunOutcome& outcome, std::ostream& log);

  /// Also restores in the outcome what was tracked.
  std::optional<TrainingPoint> earlier() override;

  bool is_due() override;

  /// A checkpoint that cannot be written is said in the log, and training goes on.
  void keep(const TrainingPoint& point) override;

  /// Of training behind the earlier point; 0 if there was none.
  double earlier_seconds() const { return earlier_seconds_; }

 private:
  using Clock = std::chrono::steady_clock;

  TrainingPoint read();
  void write(const TrainingPoint& point) const;

  Terms terms_;
  RunOutcome& outcome_;
  std::ostream& log_;
  Clock::time_point last_ = Clock::now();
  double earlier_seconds_ = 0;
};

}  // namespace promptbed
