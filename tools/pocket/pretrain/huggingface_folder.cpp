#include "huggingface_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "clip/byte_symbols.h"
#include "clip/safetensors.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// OpenAI's spelling and Hugging Face's. The image tower's come first, because the text tower's have no
/// prefix.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kSpellings = {{
    {"visual.transformer.resblocks.", "vision_model.encoder.layers."},
    {"visual.class_embedding", "vision_model.embeddings.class_embedding"},
    {"visual.conv1.", "vision_model.embeddings.patch_embedding."},
    {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"visual.ln_pre.", "vision_model.pre_layrnorm."},  // sic
    {"visual.ln_post.", "vision_model.post_layernorm."},
    {"visual.proj", "visual_projection.weight"},
    {"transformer.resblocks.", "text_model.encoder.layers."},
    {"token_embedding.", "text_model.embeddings.token_embedding."},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"ln_final.", "text_model.final_layer_norm."},
    {"text_projection", "text_projection.weight"},
    {".ln_1.", ".layer_norm1."},
    {".ln_2.", ".layer_norm2."},
    {".mlp.c_fc.", ".mlp.fc1."},
    {".mlp.c_proj.", ".mlp.fc2."},
    {".attn.in_proj_", ".self_attn.in_proj_"},
    {".attn.out_proj.", ".self_attn.out_proj."},
}};

/// The first spelling that a name starts with, and those that stand within it.
std::string huggingface_name(std::string name) {
  bool started = false;
  for (const auto& [ours, theirs] : kSpellings) {
    const bool within = ours.starts_with('.');
    const size_t place =
        within ? name.find(ours) : (!started && name.starts_with(ours) ? 0 : std::string::npos);
    if (place == std::string::npos) continue;
    name.replace(place, ours.size(), theirs);
    started = started || !within;
  }
  return name;
}

NamedTensors huggingface_tensors(const Checkpoint& checkpoint) {
  NamedTensors tensors;
  const auto add = [&](const std::string& name, const Tensor& tensor) {
    tensors.emplace_back(name, tensor.detach().to(torch::kHalf).contiguous());
  };
  for (const auto& [ours, tensor] : checkpoint.tensors) {
    const std::string name = huggingface_name(ours);
    const size_t joined = name.find("in_proj_");
    if (joined != std::string::npos) {
      const std::string leaf = name.substr(joined + std::string_view("in_proj_").size());
      const auto parts = tensor.chunk(3);
      for (const auto& [part, letter] : {std::pair{0, "q"}, {1, "k"}, {2, "v"}})
        add(fmt::format("{}{}_proj.{}", name.substr(0, joined), letter, leaf),
            parts[static_cast<size_t>(part)]);
    } else {
      const bool turned = ours == "text_projection" || ours == "visual.proj";
      add(name, turned ? tensor.t() : tensor);
    }
  }
  return tensors;
}

Json tower(int64_t width, int64_t layers, int64_t heads) {
  return {{"hidden_size", width},         {"intermediate_size", 4 * width}, {"num_hidden_layers", layers},
          {"num_attention_heads", heads}, {"hidden_act", "quick_gelu"},     {"layer_norm_eps", 1e-5}};
}

int64_t count_layers(const Checkpoint& checkpoint, const std::string& transformer) {
  int64_t layers = 0;
  while (checkpoint.has(fmt::format("{}.resblocks.{}.ln_1.weight", transformer, layers))) ++layers;
  return layers;
}

int64_t resolution_of(const Checkpoint& checkpoint) {
  const int64_t patches = checkpoint.at("visual.positional_embedding").size(0) - 1;
  int64_t grid = 1;
  while (grid * grid < patches) ++grid;
  return grid * checkpoint.at("visual.conv1.weight").size(2);
}

Json config(const Checkpoint& checkpoint) {
  const Tensor& projection = checkpoint.at("text_projection");
  const int64_t vocabulary = checkpoint.at("token_embedding.weight").size(0);
  Json text = tower(projection.size(0), count_layers(checkpoint, "transformer"), checkpoint.text_heads);
  text["vocab_size"] = vocabulary;
  text["max_position_embeddings"] = checkpoint.at("positional_embedding").size(0);
  text["bos_token_id"] = vocabulary - 2;
  text["eos_token_id"] = vocabulary - 1;
  Json vision = tower(checkpoint.at("visual.class_embedding").size(0),
                      count_layers(checkpoint, "visual.transformer"), checkpoint.vision_heads);
  vision["image_size"] = resolution_of(checkpoint);
  vision["patch_size"] = checkpoint.at("visual.conv1.weight").size(2);
  return {{"architectures", {"CLIPModel"}},
          {"model_type", "clip"},
          {"projection_dim", projection.size(1)},
          {"text_config", text},
          {"vision_config", vision}};
}

Json preprocessor_config(int64_t resolution) {
  const Json half = {0.5, 0.5, 0.5};
  return {{"do_resize", true},
          {"size", {{"shortest_edge", resolution}}},
          {"resample", 3},
          {"do_center_crop", true},
          {"crop_size", {{"height", resolution}, {"width", resolution}}},
          {"do_rescale", true},
          {"do_normalize", true},
          {"image_mean", half},
          {"image_std", half},
          {"do_convert_rgb", true},
          {"image_processor_type", "CLIPImageProcessor"}};
}

std::string merges_text(const Merges& merges) {
  std::string text = "#version: 0.2\n";
  for (const auto& [left, right] : merges) text += left + ' ' + right + '\n';
  return text;
}

/// Each token's text and number, in the order of BpeTokenizer's vocabulary.
Json vocabulary(const Merges& merges) {
  Json tokens = Json::object();
  int64_t next = 0;
  const std::vector<std::string> bytes = byte_symbols();
  for (const std::string& symbol : bytes) tokens[symbol] = next++;
  for (const std::string& symbol : bytes) tokens[symbol + kWordEnd] = next++;
  for (const auto& [left, right] : merges) tokens[left + right] = next++;
  tokens["<|startoftext|>"] = next++;
  tokens["<|endoftext|>"] = next++;
  return tokens;
}

}  // namespace

void write_huggingface_folder(const fs::path& folder, const Checkpoint& checkpoint, const Merges& merges) {
  write_file(folder / "config.json", config(checkpoint).dump(2) + '\n');
  write_file(folder / "preprocessor_config.json",
             preprocessor_config(resolution_of(checkpoint)).dump(2) + '\n');
  write_file(folder / "merges.txt", merges_text(merges));
  write_file(folder / "vocab.json", vocabulary(merges).dump() + '\n');
  write_safetensors(folder / "model.safetensors", huggingface_tensors(checkpoint), {{"format", "pt"}});
}

}  // namespace promptbed::pocket
