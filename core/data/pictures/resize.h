#pragma once

#include "data/pictures/picture.h"

namespace promptbed {

struct Size {
  int width;
  int height;
};

/// A rectangle of pixels in an image.
struct Box {
  int left;
  int top;
  int width;
  int height;
};

/// The kernel that pixels are weighted with.
enum class Resampling {
  bicubic,   ///< Keys 1981, a = -0.5: two pixels to each side
  bilinear,  ///< a triangle: one pixel to each side
};

/// Cuts `box` out of an image and resizes it to `size`, with Pillow's values: a convolution with the kernel
/// stretched when shrinking, in two passes over 8-bit pixels, horizontal first, with 22-bit fixed-point
/// weights. Pixels outside the box have no influence.
Picture resize(const Picture& picture, Box box, Size size, Resampling resampling = Resampling::bicubic);

/// Only the part `window` of the result, at the cost of that part.
Picture resize(const Picture& picture, Box box, Size size, Box window,
               Resampling resampling = Resampling::bicubic);

}  // namespace promptbed
