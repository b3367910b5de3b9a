#pragma once

#include <string>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// What the field calls a CLIP of this shape: "ViT-B/16", "ViT-L/14@336px", "RN50x4". For one that has no
/// such name its sizes: "ViT (width 256, 6 layers, patch 14)".
std::string architecture_name(const Checkpoint& checkpoint);

}  // namespace promptbed
