#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// The most validation images per class that a draw has.
inline constexpr int64_t kMostValidationShots = 4;

/// The images of one few-shot run, class by class in order of first appearance.
struct FewShotDraw {
  std::vector<Image> train;
  std::vector<Image> val;

  bool operator==(const FewShotDraw&) const = default;

  /// Hash of all paths and labels, in order.
  std::string hash() const;
};

/// Where a draw takes its validation images from.
enum class ValidationSource {
  validation,  ///< the split's validation images
  training,    ///< the training images that were not drawn
};

/// Draws `shots` (1 or more) training images of each class, then min(shots, 4) validation images, exactly as
/// the reference does for that seed. A class with fewer images gives all of them, in order. A split without
/// validation images has none in its draws, unless they come from the training images.
FewShotDraw draw_few_shot(const Split& split, int64_t shots, int64_t seed,
                          ValidationSource source = ValidationSource::validation);

}  // namespace promptbed
