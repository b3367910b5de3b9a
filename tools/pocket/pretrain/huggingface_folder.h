#pragma once

#include <filesystem>

#include "clip/checkpoints/checkpoint.h"
#include "clip/preprocessing.h"
#include "tokenizer/vocabulary.h"

namespace promptbed::pocket {

/// Writes a CLIP with a vision transformer in the Hugging Face layout, as read_huggingface_folder reads it:
/// config.json, preprocessor_config.json, model.safetensors in f16, merges.txt and vocab.json.
void write_huggingface_folder(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                              const Preprocessing& preprocessing, const Merges& merges);

}  // namespace promptbed::pocket
