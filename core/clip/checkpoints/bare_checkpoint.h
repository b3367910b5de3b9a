#pragma once

#include <filesystem>
#include <optional>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The CLIP of a single file that has OpenAI's names for its tensors: an archive of OpenAI's, a state dict,
/// or an open_clip checkpoint, in any form that read_tensor_file knows. Heads follow from the widths.
/// OpenAI's archives are known by three marker tensors and have quick_gelu; for all other files `activation`
/// has to be given. Throws Error where the file is damaged, is no such CLIP, or has no activation.
Checkpoint read_bare_checkpoint(const std::filesystem::path& path, std::optional<Activation> activation);

}  // namespace promptbed
