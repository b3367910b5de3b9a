#include "clip/checkpoints/layouts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "clip/checkpoints/architecture.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

/// Settings that leave no trace in the tensors, with the only value that is OpenAI's architecture.
const std::array<std::pair<const char*, nlohmann::json>, 4> kFixed = {{
    {"/text_cfg/no_causal_mask", false},
    {"/text_cfg/pool_type", "argmax"},
    {"/vision_cfg/pool_type", "tok"},
    {"/vision_cfg/global_average_pool", false},
}};

fs::path weights_in(const fs::path& folder) {
  for (const char* name : {"open_clip_model.safetensors", "open_clip_pytorch_model.bin"})
    if (fs::exists(folder / name)) return folder / name;
  throw Error(
      fmt::format("{}: has no open_clip_model.safetensors and no open_clip_pytorch_model.bin; download the "
                  "model's weights",
                  folder.string()));
}

void check_fixed(const nlohmann::json& model) {
  for (const auto& [name, value] : kFixed) {
    const nlohmann::json::json_pointer pointer(name);
    if (model.contains(pointer) && model.at(pointer) != value) {
      throw Error(fmt::format("{} is {} where a CLIP has {}; give a model of OpenAI's architecture", name,
                              model.at(pointer).dump(), value.dump()));
    }
  }
}

}  // namespace

Checkpoint read_open_clip_folder(const fs::path& folder) {
  const fs::path path = folder / kOpenClipConfig;
  const nlohmann::json config = read_json(path);
  try {
    const nlohmann::json& model = config.at("model_cfg");
    check_fixed(model);
    const bool quick = model.value("quick_gelu", false);
    Checkpoint checkpoint =
        read_bare_checkpoint(weights_in(folder), quick ? Activation::quick_gelu : Activation::gelu);
    checkpoint.text_heads = model.at("text_cfg").value("heads", checkpoint.text_heads);
    const int64_t head_width = model.at("vision_cfg").value("head_width", int64_t{0});
    if (head_width > 0 && !has_modified_resnet(checkpoint))
      checkpoint.vision_heads = checkpoint.at("visual.class_embedding").numel() / head_width;
    return checkpoint;
  } catch (const nlohmann::json::exception&) {
    throw Error(
        fmt::format("{}: is not an open_clip configuration; download the model again", path.string()));
  }
}

}  // namespace promptbed
