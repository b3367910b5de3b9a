#pragma once

#include <cstdint>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed::pocket {

/// The sizes of a CLIP with a vision transformer. Heads are 64 wide, as in all of OpenAI's.
struct Architecture {
  int64_t resolution = 48;
  int64_t patch = 8;
  int64_t vision_width = 192;
  int64_t vision_layers = 5;
  int64_t text_width = 128;
  int64_t text_layers = 4;
  int64_t embedding_width = 128;
  int64_t context_length = 77;
  int64_t vocabulary = 0;
};

/// Weights to start from (arXiv 2103.00020, and the text tower's rule there for both towers): normal with
/// standard deviation W^-1/2 for attention, (2 W)^-1/2 for the MLP's first layer, and (2 layers)^-1/2 of that
/// for what is added to the residual stream; biases 0; the temperature 1/0.07. All in f32.
Checkpoint initial_weights(const Architecture& architecture, uint64_t seed);

}  // namespace promptbed::pocket
