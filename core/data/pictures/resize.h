#pragma once

#include "data/pictures/picture.h"

namespace promptbed {

struct Size {
  int width;
  int height;
};

/// A rectangle of pixels within a picture.
struct Box {
  int left;
  int top;
  int width;
  int height;
};

/// Cuts `box` out of a picture and resizes it to `size`, with Pillow's values: bicubic convolution (Keys
/// 1981, a = -0.5), its kernel stretched where the picture shrinks, in two passes over 8-bit pixels,
/// horizontal first, with 22-bit fixed-point weights. Pixels outside the box have no part in it.
Picture resize(const Picture& picture, Box box, Size size);

/// The part `window` of that, at the cost of that part only.
Picture resize(const Picture& picture, Box box, Size size, Box window);

}  // namespace promptbed
