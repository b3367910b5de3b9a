#pragma once

#include <filesystem>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The CLIP of a folder in the Hugging Face layout: config.json, and the weights in model.safetensors, in
/// shards with an index, or in pytorch_model.bin. Tensors get OpenAI's names and order of dimensions: the
/// projections are transposed, the query, key and value weights of a layer joined. Throws Error if a file is
/// missing or damaged, or if the model is not a CLIP with a causal text tower.
Checkpoint read_huggingface_folder(const std::filesystem::path& folder);

}  // namespace promptbed
