#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "training/training_point.h"

namespace promptbed {

/// Keeps every point of a training, one before each step; or goes on from a point of another training, and
/// keeps none. For whoever tries whether a training goes on to the same bits.
class PointsInMemory final : public TrainingKeeper {
 public:
  explicit PointsInMemory(std::optional<TrainingPoint> start = std::nullopt) : start_(std::move(start)) {}

  std::optional<TrainingPoint> earlier() override { return start_; }
  bool is_due() override { return !start_; }
  void keep(const TrainingPoint& point) override { points_.push_back(point); }

  const std::vector<TrainingPoint>& points() const { return points_; }

 private:
  std::optional<TrainingPoint> start_;
  std::vector<TrainingPoint> points_;
};

}  // namespace promptbed
