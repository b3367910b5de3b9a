#pragma once

#include "initial_weights.h"

namespace promptbed::pocket {

/// A CLIP that trains in a second: four patches, a layer or two, short texts.
inline Architecture small_architecture(int64_t vocabulary = 0) {
  Architecture sizes;
  sizes.resolution = 16;
  sizes.vision_width = 128;
  sizes.vision_layers = 2;
  sizes.text_width = 64;
  sizes.text_layers = 1;
  sizes.embedding_width = 16;
  sizes.context_length = 32;
  sizes.vocabulary = vocabulary;
  return sizes;
}

}  // namespace promptbed::pocket
