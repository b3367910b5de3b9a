#include "clip/checkpoints/layouts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "clip/checkpoints/architecture.h"
#include "clip/checkpoints/tensor_file.h"
#include "formats/model_settings.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Defaults of the layout, for what config.json leaves out.
constexpr int64_t kDefaultTextHeads = 8;
constexpr int64_t kDefaultVisionHeads = 12;
constexpr const char* kDefaultActivation = "quick_gelu";
constexpr double kLayerNormEps = 1e-5;
constexpr int64_t kDefaultEndOfText = 49407;
constexpr int64_t kHighestToken = 2;

using Tensors = std::map<std::string, Tensor>;

/// Replaces "<block>.attn.{q,k,v}_proj.<leaf>" by "<block>.attn.in_proj_<leaf>".
void join_attention(Tensors& tensors, const std::string& leaf) {
  const std::string query = "q_proj." + leaf;
  Tensors joined;
  for (const auto& [name, tensor] : tensors) {
    if (!name.ends_with(query)) continue;
    const std::string attention = name.substr(0, name.size() - query.size());
    std::vector<Tensor> parts;
    for (const char* part : {"q_proj.", "k_proj.", "v_proj."}) {
      const auto found = tensors.find(attention + part + leaf);
      if (found == tensors.end() || found->second.sizes() != tensor.sizes() || tensor.dim() == 0) {
        throw Error(
            fmt::format("tensor '{}{}{}' is missing or has another shape than '{}'; download the model again",
                        attention, part, leaf, name));
      }
      parts.push_back(found->second);
    }
    joined[attention + "in_proj_" + leaf] = at::cat(parts);
    for (const Tensor& part : parts) let_go(part);
  }
  std::erase_if(tensors, [&](const auto& named) {
    const std::string& name = named.first;
    return name.ends_with("q_proj." + leaf) || name.ends_with("k_proj." + leaf) ||
           name.ends_with("v_proj." + leaf);
  });
  tensors.merge(joined);
}

Tensors openai_tensors(const Tensors& stored) {
  Tensors tensors;
  for (const auto& [name, tensor] : stored) tensors[openai_name(name)] = tensor;
  std::erase_if(tensors, [](const auto& named) { return named.first.ends_with(".position_ids"); });
  for (const char* projection : {"text_projection", "visual.proj"}) {
    if (const auto found = tensors.find(projection); found != tensors.end() && found->second.dim() == 2)
      found->second = found->second.t();
  }
  join_attention(tensors, "weight");
  join_attention(tensors, "bias");
  return tensors;
}

/// The tensors of all shards that an index names.
Tensors read_shards(const fs::path& index) {
  std::set<std::string> shards;
  const nlohmann::json contents = read_json(index);
  const auto map = contents.find("weight_map");
  if (map == contents.end() || !map->is_object() || map->empty())
    throw Error(fmt::format("{}: has no \"weight_map\"; download the model again", index.string()));
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || fs::path(shard.get<std::string>()).filename() != shard.get<std::string>())
      throw Error(fmt::format("{}: no file of the folder holds '{}'; download the model again",
                              index.string(), tensor));
    shards.insert(shard.get<std::string>());
  }
  Tensors tensors;
  for (const std::string& shard : shards) tensors.merge(read_tensor_file(index.parent_path() / shard));
  for (const auto& [tensor, shard] : map->items()) {
    if (!tensors.contains(tensor))
      throw Error(fmt::format("{}: no shard holds '{}'; download the model again", index.string(), tensor));
  }
  return tensors;
}

Tensors read_weights(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    if (fs::exists(folder / name)) return read_tensor_file(folder / name);
    const fs::path index = folder / (std::string(name) + ".index.json");
    if (fs::exists(index)) return read_shards(index);
  }
  for (const char* name : {"open_clip_model.safetensors", "open_clip_pytorch_model.bin"}) {
    if (fs::exists(folder / name))
      throw Error(fmt::format("{}: has open_clip's weights ({}) without {}; download that as well",
                              folder.string(), name, kOpenClipConfig));
  }
  throw Error(
      fmt::format("{}: has no model.safetensors and no pytorch_model.bin; download the model's weights",
                  folder.string()));
}

/// The settings of a tower. Where transformers is given "text_config_dict", that replaces "text_config": what
/// it leaves out has the default, not the other's value.
ModelSettings tower_in(const ModelSettings& config, const std::string& name) {
  const std::string dict = name + "_dict";
  return config.part(config.has(dict) ? dict : name);
}

Activation activation_of(const ModelSettings& tower) {
  const std::string name = tower.text("hidden_act", kDefaultActivation);
  if (name == "quick_gelu") return Activation::quick_gelu;
  if (name == "gelu") return Activation::gelu;
  tower.refuse("hidden_act", "a CLIP has quick_gelu or gelu; give a model with one of these");
}

/// A text's feature is taken at its end: at the highest token (which older files ask for by 2), or at the
/// first of this id.
void check_end_of_text(const ModelSettings& text, int64_t vocabulary_size) {
  const int64_t end = text.whole("eos_token_id", kDefaultEndOfText);
  if (end == kHighestToken || end == vocabulary_size - 1) return;
  text.refuse("eos_token_id", fmt::format("a CLIP of {} tokens ends its texts with {}; correct the file",
                                          vocabulary_size, vocabulary_size - 1));
}

/// Activation and heads; the sizes come from the tensors.
Checkpoint read_config(const ModelSettings& config) {
  if (config.text("model_type", "") != "clip") {
    config.refuse("model_type",
                  "its text tower is not CLIP's causal one; give a model of model_type \"clip\"");
  }
  const ModelSettings text = tower_in(config, "text_config"), vision = tower_in(config, "vision_config");
  for (const ModelSettings& tower : {text, vision}) tower.require("layer_norm_eps", kLayerNormEps);
  Checkpoint checkpoint;
  checkpoint.activation = activation_of(text);
  if (activation_of(vision) != checkpoint.activation)
    vision.refuse("hidden_act", "the text tower has another; give a model with one activation");
  checkpoint.text_heads = text.whole("num_attention_heads", kDefaultTextHeads);
  checkpoint.vision_heads = vision.whole("num_attention_heads", kDefaultVisionHeads);
  return checkpoint;
}

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

Checkpoint read_huggingface_folder(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  if (!fs::exists(config)) {
    throw Error(
        fmt::format("{}: has no config.json; give a folder in the Hugging Face layout or a checkpoint file",
                    folder.string()));
  }
  const ModelSettings settings(read_json(config), config.string());
  Checkpoint checkpoint = read_config(settings);
  checkpoint.tensors = openai_tensors(read_weights(folder));
  check_architecture(checkpoint);
  check_end_of_text(tower_in(settings, "text_config"), checkpoint.at("token_embedding.weight").size(0));
  return checkpoint;
}

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
