#pragma once

#include <cstdint>
#include <filesystem>
#include <ios>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace promptbed {

/// The log of a run that another process writes, read as it grows.
class FollowedLog {
 public:
  /// From the end of what earlier attempts have left.
  explicit FollowedLog(std::filesystem::path log);

  /// The lines that were finished since this was last asked for.
  std::vector<std::string> new_lines();

 private:
  std::filesystem::path log_;
  std::streamoff read_ = 0;
};

/// An epoch that is over, as a log tells it.
struct LoggedEpoch {
  int64_t epoch = 0, epochs = 0;  ///< from 1
  double seconds = 0;
};

/// "epoch 3 of 50: loss 0.5134, rate 0.002000, 0.4132 s" -> {3, 50, 0.4132}; nothing for another line.
std::optional<LoggedEpoch> epoch_in(const std::string& line);

/// How far the training is that a log tells of.
class FollowedTraining {
 public:
  explicit FollowedTraining(std::filesystem::path log) : log_(std::move(log)) {}

  /// Takes in what was logged since.
  void update();

  /// The share of the work that is over, its tests counted as one more epoch; 0 before the first epoch is.
  double share() const;

  /// "epoch 3 of 50", and "tests" after the last; "" before the first is over.
  std::string text() const;

 private:
  FollowedLog log_;
  LoggedEpoch last_;
};

}  // namespace promptbed
