#pragma once

#include <promptbed/task.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "features/pixels.h"

namespace promptbed {

/// Images in the form that a method takes: as cached features, or as pixels.
struct ShownImages {
  FeatureSet set;                                       ///< labels alone if there are pixels
  std::shared_ptr<const PixelSource> pixels = nullptr;  ///< null if there are features
  /// Test images alone: the seed of the order in which an online method sees them.
  std::optional<uint64_t> stream = {};
};

}  // namespace promptbed
