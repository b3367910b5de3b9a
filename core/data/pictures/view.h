#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/pictures/picture.h"

namespace promptbed {

/// The view that CLIP's own preprocessing makes; the augmented ones count from 0.
inline constexpr int kCentreView = -1;

/// "the centre view" or "view 3".
std::string view_name(int view);

/// Part of a feature cache's key: goes up when any view of any picture changes.
inline constexpr int kViewRecipeVersion = 1;

/// What the random numbers of an image's views hang on: neither order nor run nor seed.
uint64_t view_key(std::string_view dataset, std::string_view image_path);

/// One view of a picture, `size` x `size` pixels.
///
/// The centre view is CLIP's preprocessing: the short side resized to `size` (bicubic), the centre cropped.
/// View 0, 1, ... is CoOp's training augmentation: a random crop of 8-100 % of the area with sides between
/// 3:4 and 4:3, resized (bicubic), then flipped left to right with probability 1/2. Crops, roundings and
/// fallbacks are torchvision's; the random numbers come from `key` and `view` alone.
Picture render_view(const Picture& picture, int size, int view, uint64_t key);

}  // namespace promptbed
