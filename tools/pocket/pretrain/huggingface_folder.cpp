#include "huggingface_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "clip/checkpoints/architecture.h"
#include "clip/checkpoints/layouts.h"
#include "clip/checkpoints/safetensors.h"
#include "clip/towers/vision_transformer.h"
#include "tokenizer/vocabulary.h"

namespace promptbed::pocket {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

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

Json tower(const Checkpoint& checkpoint, const std::string& transformer, int64_t width, int64_t heads) {
  return {{"hidden_size", width},
          {"intermediate_size", 4 * width},
          {"num_hidden_layers", count_layers(checkpoint, transformer)},
          {"num_attention_heads", heads},
          {"hidden_act", checkpoint.activation == Activation::quick_gelu ? "quick_gelu" : "gelu"},
          {"layer_norm_eps", 1e-5}};
}

Json config(const Checkpoint& checkpoint) {
  const Tensor& projection = checkpoint.at("text_projection");
  const int64_t vocabulary = checkpoint.at("token_embedding.weight").size(0);
  Json text = tower(checkpoint, "transformer", projection.size(0), checkpoint.text_heads);
  text["vocab_size"] = vocabulary;
  text["max_position_embeddings"] = checkpoint.at("positional_embedding").size(0);
  text["bos_token_id"] = vocabulary - 2;
  text["eos_token_id"] = vocabulary - 1;
  Json vision = tower(checkpoint, "visual.transformer", checkpoint.at("visual.class_embedding").size(0),
                      checkpoint.vision_heads);
  vision["image_size"] = VisionTransformer::resolution_of(checkpoint);
  vision["patch_size"] = checkpoint.at("visual.conv1.weight").size(2);
  return {{"architectures", {"CLIPModel"}},
          {"model_type", "clip"},
          {"projection_dim", projection.size(1)},
          {"text_config", text},
          {"vision_config", vision}};
}

Json preprocessor_config(const Preprocessing& preprocessing) {
  return {{"do_resize", true},
          {"size", {{"shortest_edge", preprocessing.size}}},
          {"resample", 3},
          {"do_center_crop", true},
          {"crop_size", {{"height", preprocessing.size}, {"width", preprocessing.size}}},
          {"do_rescale", true},
          {"do_normalize", true},
          {"image_mean", preprocessing.mean},
          {"image_std", preprocessing.std},
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

void write_huggingface_folder(const fs::path& folder, const Checkpoint& checkpoint,
                              const Preprocessing& preprocessing, const Merges& merges) {
  write_file(folder / "config.json", config(checkpoint).dump(2) + '\n');
  write_file(folder / "preprocessor_config.json", preprocessor_config(preprocessing).dump(2) + '\n');
  write_file(folder / "merges.txt", merges_text(merges));
  write_file(folder / "vocab.json", vocabulary(merges).dump() + '\n');
  write_safetensors(folder / "model.safetensors", huggingface_tensors(checkpoint), {{"format", "pt"}});
}

}  // namespace promptbed::pocket
