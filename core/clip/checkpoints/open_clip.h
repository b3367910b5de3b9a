#pragma once

#include <filesystem>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The file that makes a folder one of open_clip's.
inline constexpr const char* kOpenClipConfig = "open_clip_config.json";

/// The CLIP of a folder of open_clip's: open_clip_config.json, and the weights in
/// open_clip_model.safetensors or open_clip_pytorch_model.bin. Throws Error where a file is missing or
/// damaged, or the model is no CLIP with a causal text tower.
Checkpoint read_open_clip_folder(const std::filesystem::path& folder);

}  // namespace promptbed
