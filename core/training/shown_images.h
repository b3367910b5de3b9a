#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "features/pixels.h"

namespace promptbed {

/// Images in the form that a method takes: as cached features, or as pixels.
struct ShownImages {
  FeatureSet set;                                       ///< labels alone if there are pixels
  std::shared_ptr<const PixelSource> pixels = nullptr;  ///< null if there are features
  /// Test images alone, for a method that asks for random crops of them: features [B, V, D] on the CPU of
  /// rows [B] int64 of the set, read when they are needed; null where the set's views after the first are
  /// those.
  std::function<Tensor(const Tensor& rows)> crops = nullptr;
  /// Test images alone: the seed of the order in which an online method sees them.
  std::optional<uint64_t> stream = {};
};

}  // namespace promptbed
