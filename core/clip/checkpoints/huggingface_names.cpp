#include "clip/checkpoints/huggingface_names.h"

#include <array>
#include <string_view>
#include <utility>

namespace promptbed {
namespace {

/// Hugging Face's spelling and OpenAI's, applied to a name in this order. Those with a leading dot occur
/// within names, the others begin them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kSpellings = {{
    {"text_model.encoder.layers.", "transformer.resblocks."},
    {"text_model.embeddings.token_embedding.", "token_embedding."},
    {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    {"text_model.final_layer_norm.", "ln_final."},
    {"text_projection.weight", "text_projection"},
    {"vision_model.encoder.layers.", "visual.transformer.resblocks."},
    {"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    {"vision_model.embeddings.patch_embedding.", "visual.conv1."},
    {"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    {"vision_model.pre_layrnorm.", "visual.ln_pre."},  // sic
    {"vision_model.post_layernorm.", "visual.ln_post."},
    {"visual_projection.weight", "visual.proj"},
    {".layer_norm1.", ".ln_1."},
    {".layer_norm2.", ".ln_2."},
    {".mlp.fc1.", ".mlp.c_fc."},
    {".mlp.fc2.", ".mlp.c_proj."},
    {".self_attn.", ".attn."},
    {".embeddings.position_ids", ".position_ids"},
}};

}  // namespace

std::string openai_name(std::string name) {
  for (const auto& [theirs, ours] : kSpellings) {
    if (const size_t place = name.find(theirs); place != std::string::npos)
      name.replace(place, theirs.size(), ours);
  }
  return name;
}

std::string huggingface_name(std::string name) {
  for (const auto& [theirs, ours] : kSpellings) {
    const size_t place = name.find(ours);
    // "transformer.resblocks." is the text tower's only at the beginning of a name.
    if (place == 0 || (place != std::string::npos && ours.starts_with('.')))
      name.replace(place, ours.size(), theirs);
  }
  return name;
}

}  // namespace promptbed
