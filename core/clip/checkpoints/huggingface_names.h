#pragma once

#include <string>

namespace promptbed {

/// OpenAI's name of a tensor, from its name in the Hugging Face layout. The query, key and value weights of a
/// layer are separate tensors there ("<block>.attn.q_proj.weight"), and remain so here.
///
///     "text_model.encoder.layers.0.mlp.fc1.weight"   ->   "transformer.resblocks.0.mlp.c_fc.weight"
std::string openai_name(std::string name);

/// The reverse.
std::string huggingface_name(std::string name);

}  // namespace promptbed
