#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "clip/checkpoints/architecture.h"
#include "clip/checkpoints/layouts.h"
#include "clip/towers/image_tower.h"
#include "formats/model_settings.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// open_clip's default.
constexpr int64_t kTextHeads = 8;

/// The settings of a part of the configuration that may be there.
struct KnownSettings {
  /// No tensor tells another value, so there is one: that of OpenAI's architecture.
  std::vector<std::pair<std::string, json>> fixed;
  /// They show in the tensors, change nothing where the fixed ones are CLIP's, or are looked at by
  /// themselves.
  std::vector<std::string> others;
};

const KnownSettings kModel = {
    .fixed = {{"multimodal_cfg", nullptr}},
    .others = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu", "custom_text", "cast_dtype",
               "output_dict", "init_logit_scale", "init_logit_bias", "nonscalar_logit_scale"}};

const KnownSettings kTower = {
    .fixed = {{"block_type", "default"},
              {"qk_norm", false},
              {"scaled_cosine_attn", false},
              {"scale_heads", false},
              {"scale_attn_inner", false},
              {"scale_attn", false},
              {"scale_fc", false},
              {"ls_init_value", nullptr},
              {"final_ln_after_pool", false}},
    .others = {"layers", "width", "mlp_ratio", "output_tokens", "act_kwargs", "norm_kwargs"}};

const KnownSettings kText = {
    .fixed = {{"no_causal_mask", false},
              {"pool_type", "argmax"},
              {"embed_cls", false},
              {"proj_type", "linear"},
              {"proj_bias", false},
              {"hf_model_name", nullptr},
              {"tokenizer_mode", nullptr}},
    .others = {"context_length", "vocab_size", "heads", "pad_id", "eos_id", "hf_tokenizer_name",
               "tokenizer_kwargs", "hf_model_pretrained", "hf_proj_type", "hf_pooler_type"}};

const KnownSettings kVision = {
    .fixed = {{"pool_type", "tok"},
              {"global_average_pool", false},
              {"attentional_pool", false},
              {"input_patchnorm", false},
              {"no_ln_pre", false},
              {"timm_model_name", nullptr}},
    .others = {"head_width", "patch_size", "image_size", "patch_dropout", "pos_embed_type",
               "attn_pooler_queries", "n_queries", "attn_pooler_heads", "timm_model_pretrained", "timm_pool",
               "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path"}};

const KnownSettings kActivation = {.fixed = {{"approximate", "none"}}, .others = {}};
const KnownSettings kNorm = {.fixed = {{"eps", 1e-5}, {"elementwise_affine", true}, {"bias", true}},
                             .others = {}};
const KnownSettings kTokenizer = {.fixed = {{"clean", "lower"}}, .others = {}};

KnownSettings operator+(KnownSettings a, const KnownSettings& b) {
  a.fixed.insert(a.fixed.end(), b.fixed.begin(), b.fixed.end());
  a.others.insert(a.others.end(), b.others.begin(), b.others.end());
  return a;
}

/// Throws Error for a setting whose value is not CLIP's, and for one that is unknown here.
void check(const ModelSettings& settings, const KnownSettings& known) {
  for (const auto& [key, value] : known.fixed) settings.require(key, value);
  for (const std::string& key : settings.keys()) {
    const bool is_known =
        std::ranges::find(known.others, key) != known.others.end() ||
        std::ranges::find(known.fixed, key, &std::pair<std::string, json>::first) != known.fixed.end();
    if (!is_known && settings.has(key)) {
      settings.refuse(key,
                      "runner does not know this setting, which may change the model; give one of OpenAI's "
                      "architecture");
    }
  }
}

void check_tower(const ModelSettings& tower, const KnownSettings& known) {
  check(tower, kTower + known);
  check(tower.part("act_kwargs"), kActivation);
  check(tower.part("norm_kwargs"), kNorm);
}

/// A named tokenizer is that of the folder's files, which has to be CLIP's.
void check_tokenizer(const ModelSettings& text, const fs::path& folder) {
  check(text.part("tokenizer_kwargs"), kTokenizer);
  if (text.text("hf_tokenizer_name", "").empty()) return;
  const fs::path file = folder / "tokenizer_config.json";
  if (fs::exists(file)) {
    const std::string name = ModelSettings(read_json(file), file.string()).text("tokenizer_class", "");
    if (name == "CLIPTokenizer" || name == "CLIPTokenizerFast") return;
  }
  text.refuse("hf_tokenizer_name",
              "the folder's tokenizer_config.json does not say that it is a CLIPTokenizer; give a model with "
              "CLIP's tokenizer");
}

/// open_clip resizes positional embeddings to fit the configuration, which would make another model.
void check_configured_sizes(const ModelSettings& text, const ModelSettings& vision,
                            const Checkpoint& checkpoint) {
  const auto check_size = [](const ModelSettings& tower, const char* key, int64_t needed) {
    const json given = tower.value(key);
    const bool fits = given.is_null() || given == needed || given == json({needed, needed});
    if (!fits) tower.refuse(key, fmt::format("the weights have {}; correct the file", needed));
  };
  check_size(text, "context_length", checkpoint.at("positional_embedding").size(0));
  check_size(vision, "image_size", image_resolution(checkpoint));
}

fs::path weights_in(const fs::path& folder) {
  for (const char* name : {"open_clip_model.safetensors", "open_clip_pytorch_model.bin"})
    if (fs::exists(folder / name)) return folder / name;
  throw Error(
      fmt::format("{}: has no open_clip_model.safetensors and no open_clip_pytorch_model.bin; download the "
                  "model's weights",
                  folder.string()));
}

/// Attention heads of the image tower; those of a ModifiedResNet follow from its width.
int64_t configured_vision_heads(const ModelSettings& vision, const Checkpoint& checkpoint) {
  const int64_t head_width = vision.whole("head_width", kHeadWidth);
  if (has_modified_resnet(checkpoint)) {
    vision.require("head_width", kHeadWidth);
    return 0;
  }
  if (head_width < 1) vision.refuse("head_width", "give a number above 0");
  return checkpoint.at("visual.class_embedding").numel() / head_width;
}

/// What a folder with the weights of both has of Hugging Face's.
constexpr std::array kHuggingFaceWeights = {"model.safetensors", "model.safetensors.index.json",
                                            "pytorch_model.bin", "pytorch_model.bin.index.json"};

}  // namespace

bool is_open_clip_folder(const fs::path& model) {
  const auto has = [&](const char* name) { return fs::exists(model / name); };
  if (!has(kOpenClipConfig)) return false;
  return !has("config.json") || std::ranges::none_of(kHuggingFaceWeights, has);
}

Checkpoint read_open_clip_folder(const fs::path& folder) {
  const fs::path path = folder / kOpenClipConfig;
  const ModelSettings config(read_json(path), path.string());
  if (!config.has("model_cfg"))
    throw Error(
        fmt::format("{}: is not an open_clip configuration; download the model again", path.string()));
  const ModelSettings model = config.part("model_cfg");
  const ModelSettings text = model.part("text_cfg"), vision = model.part("vision_cfg");
  check(model, kModel);
  check_tower(text, kText);
  check_tower(vision, kVision);
  check_tokenizer(text, folder);

  const bool quick = model.flag("quick_gelu", false);
  Checkpoint checkpoint =
      read_bare_checkpoint(weights_in(folder), quick ? Activation::quick_gelu : Activation::gelu);
  checkpoint.text_heads = text.whole("heads", kTextHeads);
  checkpoint.vision_heads = configured_vision_heads(vision, checkpoint);
  check_architecture(checkpoint);
  check_configured_sizes(text, vision, checkpoint);
  return checkpoint;
}

}  // namespace promptbed
