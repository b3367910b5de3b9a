#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/pictures/picture.h"
#include "data/pictures/resize.h"

namespace promptbed {

/// The view of CLIP's own preprocessing. Augmented views are numbered from 0.
inline constexpr int kCentreView = -1;

/// "the centre view" or "view 3".
std::string view_name(int view);

/// Part of a feature cache's key: incremented when any view of any image changes.
inline constexpr int kViewRecipeVersion = 1;

/// The seed of an image's views: depends on neither order nor run nor seed.
uint64_t view_key(std::string_view dataset, std::string_view image_path);

/// What a random crop covers, as shares of the image's area. The default is CoOp's.
struct CropRange {
  double least = 0.08;
  double most = 1;

  bool operator==(const CropRange&) const = default;
};

/// "0.7-1", and the reverse, which throws Error, beginning with `where`, for anything but two numbers of
/// which 0.001 <= least <= most <= 1.
std::string to_string(const CropRange& crops);
CropRange parse_crops(std::string_view text, std::string_view where);

/// "70 to 100 %"
std::string percent_text(const CropRange& crops);

/// How a model wants its images. The default is CLIP's own way.
struct ViewStyle {
  Resampling resampling = Resampling::bicubic;
  /// The centre view is the whole image, its proportions lost; otherwise a square of it.
  bool squashed = false;

  bool operator==(const ViewStyle&) const = default;
};

/// The largest side of a view. No image's resized side then leaves the integers.
inline constexpr int64_t kLargestView = 4096;

/// One view of an image, `size` x `size` pixels: from 1 to kLargestView. Throws std::invalid_argument for
/// another size and for an image that decode_picture would refuse.
///
/// The centre view is CLIP's preprocessing: short side resized to `size`, centre cropped, unless it is to be
/// squashed. Views 0, 1, ... are CoOp's training augmentation: a random crop of a share of the area with
/// sides between 3:4 and 4:3, resized, then flipped left to right with probability 1/2. Crops, rounding and
/// fallbacks are torchvision's; the random numbers depend only on `key` and `view`.
Picture render_view(const Picture& picture, int size, int view, uint64_t key, const ViewStyle& style = {},
                    const CropRange& crops = {});

}  // namespace promptbed
