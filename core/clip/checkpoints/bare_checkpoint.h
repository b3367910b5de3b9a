#pragma once

#include <filesystem>
#include <optional>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// Reads a CLIP from a single file with OpenAI's tensor names: OpenAI's archives, a state dict or an
/// open_clip checkpoint, in any format that read_tensor_file knows. Heads follow from the widths. OpenAI's
/// archives are recognised by three marker tensors and have quick_gelu; all other files need `activation`.
/// Throws Error if the file is damaged, is not such a CLIP, or has no activation.
Checkpoint read_bare_checkpoint(const std::filesystem::path& path, std::optional<Activation> activation);

}  // namespace promptbed
