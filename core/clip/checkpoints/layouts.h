#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "clip/checkpoints/checkpoint.h"

namespace promptbed {

/// The CLIP of a folder in the Hugging Face layout: config.json, and the weights in model.safetensors, in
/// shards with an index, or in pytorch_model.bin. Tensors get OpenAI's names and order of dimensions: the
/// projections are transposed, the query, key and value weights of a layer joined. Throws Error if a file is
/// missing or damaged, or if the model is not a CLIP: a setting that no tensor shows is followed or refused
/// by name.
Checkpoint read_huggingface_folder(const std::filesystem::path& folder);

/// OpenAI's name of a tensor, from its name in the Hugging Face layout. The query, key and value weights of a
/// layer are separate tensors there ("<block>.attn.q_proj.weight"), and remain so here.
///
///     "text_model.encoder.layers.0.mlp.fc1.weight"   ->   "transformer.resblocks.0.mlp.c_fc.weight"
std::string openai_name(std::string name);

/// The reverse.
std::string huggingface_name(std::string name);

/// The file that identifies an open_clip folder.
inline constexpr const char* kOpenClipConfig = "open_clip_config.json";

/// Whether a model is such a folder; one with a config.json and Hugging Face's weights as well is theirs.
bool is_open_clip_folder(const std::filesystem::path& model);

/// Reads the CLIP in an open_clip folder: open_clip_config.json, and the weights in
/// open_clip_model.safetensors or open_clip_pytorch_model.bin. Throws Error if a file is missing or damaged,
/// or if the model is not a CLIP: a setting that no tensor shows is followed or refused by name.
Checkpoint read_open_clip_folder(const std::filesystem::path& folder);

/// Reads a CLIP from a single file with OpenAI's tensor names: OpenAI's archives, a state dict or an
/// open_clip checkpoint, in any format that read_tensor_file knows. Heads follow from the widths. OpenAI's
/// archives are recognised by three marker tensors and have quick_gelu; all other files need `activation`.
/// Throws Error if the file is damaged, is not such a CLIP, or has no activation.
Checkpoint read_bare_checkpoint(const std::filesystem::path& path, std::optional<Activation> activation);

}  // namespace promptbed
