#pragma once

#include "clip/checkpoints/checkpoint.h"

namespace promptbed::bench {

/// The image tower of ViT-B/16 with random weights.
Checkpoint random_image_tower();

}  // namespace promptbed::bench
