#pragma once

#include <string>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The common name of a CLIP of this shape: "ViT-B/16", "ViT-L/14@336px", "RN50x4"; its sizes if it has none:
/// "ViT (width 256, 6 layers, patch 14)".
std::string architecture_name(const Checkpoint& checkpoint);

}  // namespace promptbed
