#pragma once

#include <filesystem>

#include "clip/checkpoint.h"
#include "clip/merges.h"

namespace promptbed::pocket {

/// Writes a CLIP with a vision transformer in the Hugging Face layout: config.json, model.safetensors in f16,
/// preprocessor_config.json (mean and standard deviation 0.5), merges.txt and vocab.json. It is what
/// read_huggingface_folder reads, turned round.
void write_huggingface_folder(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                              const Merges& merges);

}  // namespace promptbed::pocket
