#pragma once

#include <string>

namespace promptbed {

/// OpenAI's name of a CLIP's tensor, from the one that it has in the Hugging Face layout. There the query,
/// key and value weights of a layer are tensors of their own ("<block>.attn.q_proj.weight"), and stay so
/// here.
///
///     "text_model.encoder.layers.0.mlp.fc1.weight"   ->   "transformer.resblocks.0.mlp.c_fc.weight"
std::string openai_name(std::string name);

/// The reverse.
std::string huggingface_name(std::string name);

}  // namespace promptbed
