#pragma once

#include <map>
#include <string>
#include <vector>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// Whether the image tower is a ModifiedResNet; a vision transformer otherwise.
bool has_modified_resnet(const Checkpoint& checkpoint);

/// The number of blocks "<transformer>.resblocks.<n>"; `transformer` is "transformer" for the text
/// tower, "visual.transformer" for the image tower.
int64_t count_layers(const Checkpoint& checkpoint, const std::string& transformer);

/// Every tensor of a CLIP and its shape, all sizes inferred from a few tensors of the checkpoint:
///
///     {"text_projection": [W, D], "transformer.resblocks.0.attn.in_proj_weight": [3 W, W], ...}
///
/// Throws Error if one of those few is missing or has another number of dimensions.
std::map<std::string, std::vector<int64_t>> expected_shapes(const Checkpoint& checkpoint);

/// Throws Error unless the checkpoint holds exactly the tensors of a CLIP, in floating point, with heads that
/// divide the widths and sizes that a CLIP may have: an image grid of 0 is none. Checkpoints that pass are
/// safe to compute with.
void check_architecture(const Checkpoint& checkpoint);

/// The common name of a CLIP of this shape: "ViT-B/16", "ViT-L/14@336px", "RN50x4"; its sizes if it has none:
/// "ViT (width 256, 6 layers, patch 14)".
std::string architecture_name(const Checkpoint& checkpoint);

}  // namespace promptbed
