#pragma once

#include <ATen/ATen.h>
#include <promptbed/tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "clip/checkpoints/safetensors.h"

namespace promptbed::test {

/// The tensors of a very small ViT CLIP with random weights under Hugging Face's names: two layers a tower,
/// embedding 4, patches of 4 of 8 x 8 pixels, six positions, 514 + `merges` tokens.
inline std::map<std::string, Tensor> mini_huggingface_tensors(int64_t merges, int64_t width = 8) {
  constexpr int64_t kEmbedding = 4;
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto random = [&](at::IntArrayRef shape) { return at::randn(shape, generator).mul_(0.3); };
  std::map<std::string, Tensor> tensors;
  const auto affine = [&](const std::string& name) {
    tensors[name + ".weight"] = random({width}) + 1;
    tensors[name + ".bias"] = random({width});
  };
  const auto linear = [&](const std::string& name, int64_t out, int64_t in) {
    tensors[name + ".weight"] = random({out, in});
    tensors[name + ".bias"] = random({out});
  };
  for (const std::string tower : {"text_model", "vision_model"}) {
    for (const std::string layer : {".encoder.layers.0", ".encoder.layers.1"}) {
      for (const std::string part : {"q_proj", "k_proj", "v_proj", "out_proj"})
        linear(tower + layer + ".self_attn." + part, width, width);
      affine(tower + layer + ".layer_norm1");
      affine(tower + layer + ".layer_norm2");
      linear(tower + layer + ".mlp.fc1", 4 * width, width);
      linear(tower + layer + ".mlp.fc2", width, 4 * width);
    }
  }
  affine("text_model.final_layer_norm");
  affine("vision_model.pre_layrnorm");
  affine("vision_model.post_layernorm");
  tensors["text_model.embeddings.token_embedding.weight"] = random({514 + merges, width});
  tensors["text_model.embeddings.position_embedding.weight"] = random({6, width});
  tensors["vision_model.embeddings.class_embedding"] = random({width});
  tensors["vision_model.embeddings.patch_embedding.weight"] = random({width, 3, 4, 4});
  tensors["vision_model.embeddings.position_embedding.weight"] = random({5, width});
  tensors["text_projection.weight"] = random({kEmbedding, width});
  tensors["visual_projection.weight"] = random({kEmbedding, width});
  tensors["logit_scale"] = at::full({}, 2.5f);
  return tensors;
}

inline nlohmann::json mini_config(int64_t heads = 2) {
  const nlohmann::json tower = {{"hidden_act", "gelu"}, {"num_attention_heads", heads}};
  nlohmann::json text = tower;
  text["eos_token_id"] = 2;  // the highest token
  return {{"model_type", "clip"}, {"text_config", text}, {"vision_config", tower}};
}

/// Such a CLIP as a folder in the Hugging Face layout, with the three merges "a b", "ab c</w>" and "! !".
inline void write_mini_clip(const std::filesystem::path& folder) {
  const auto tensors = mini_huggingface_tensors(3);
  write_safetensors(folder / "model.safetensors", {tensors.begin(), tensors.end()});
  write_file(folder / "config.json", mini_config().dump());
  write_file(folder / "merges.txt", "#version: 0.2\na b\nab c</w>\n! !\n");
}

}  // namespace promptbed::test
