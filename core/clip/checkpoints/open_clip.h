#pragma once

#include <filesystem>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The file that identifies an open_clip folder.
inline constexpr const char* kOpenClipConfig = "open_clip_config.json";

/// Reads the CLIP in an open_clip folder: open_clip_config.json, and the weights in
/// open_clip_model.safetensors or open_clip_pytorch_model.bin. Throws Error if a file is missing or damaged,
/// or if the model is not a CLIP with a causal text tower.
Checkpoint read_open_clip_folder(const std::filesystem::path& folder);

}  // namespace promptbed
