#include "clip/checkpoints/layouts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "clip/checkpoints/architecture.h"
#include "clip/checkpoints/tensor_file.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

using Tensors = std::map<std::string, Tensor>;

/// What is put before names by training on several devices, torch.compile, open_clip's CLIP whose text tower
/// is a part of its own, and Lightning, where modules call their CLIP so.
constexpr std::array<std::string_view, 7> kWrapperPrefixes = {"module.", "_orig_mod.", "text.",      "model.",
                                                              "clip.",   "net.",       "clip_model."};
constexpr std::array<const char*, 3> kOpenAiMarkers = {"input_resolution", "context_length", "vocab_size"};
constexpr std::array<std::string_view, 2> kNoWeights = {"attn_mask", ".num_batches_tracked"};

/// Image towers whose heads are wider, by their own width: open_clip's ViT-H, ViT-g and ViT-bigG.
constexpr std::array<std::pair<int64_t, int64_t>, 3> kWiderHeads = {{{1280, 80}, {1408, 88}, {1664, 104}}};

std::string_view without_prefixes(std::string_view name) {
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapper : kWrapperPrefixes) {
      if (!name.starts_with(wrapper)) continue;
      name.remove_prefix(wrapper.size());
      found = true;
    }
  }
  return name;
}

/// Under their own names, and without entries that are not weights.
Tensors weights_of(const Tensors& stored) {
  Tensors tensors;
  for (const auto& [name, tensor] : stored) {
    const bool is_weight =
        std::none_of(kNoWeights.begin(), kNoWeights.end(),
                     [&, &full = name](std::string_view ending) { return full.ends_with(ending); });
    if (!is_weight) continue;
    const std::string own(without_prefixes(name));
    if (!tensors.emplace(own, tensor).second)
      throw Error(
          fmt::format("holds tensor '{}' twice, once as '{}'; give one of the two models", own, name));
  }
  return tensors;
}

/// Removes OpenAI's markers. Returns whether all of them were there.
bool take_markers(Tensors& tensors) {
  size_t found = 0;
  for (const char* marker : kOpenAiMarkers) found += tensors.erase(marker);
  return found == kOpenAiMarkers.size();
}

int64_t heads_of(const char* tower, int64_t width, int64_t head_width) {
  if (width == 0 || width % head_width != 0) {
    throw Error(
        fmt::format("the {} tower's width of {} is not a multiple of {}, so its heads are unknown; give the "
                    "model as a Hugging Face folder, whose config.json has them",
                    tower, width, head_width));
  }
  return width / head_width;
}

int64_t vision_heads_of(int64_t width) {
  const auto* const wider = std::find_if(kWiderHeads.begin(), kWiderHeads.end(),
                                         [&](const auto& known) { return known.first == width; });
  return heads_of("image", width, wider == kWiderHeads.end() ? kHeadWidth : wider->second);
}

void check_names(const Tensors& tensors) {
  if (tensors.contains("text_model.embeddings.token_embedding.weight"))
    throw Error("has Hugging Face's names; give its folder, where config.json is, with --model");
}

}  // namespace

Checkpoint read_bare_checkpoint(const fs::path& path, std::optional<Activation> activation) {
  Checkpoint checkpoint;
  checkpoint.tensors = weights_of(read_tensor_file(path));
  check_names(checkpoint.tensors);
  const bool is_openai = take_markers(checkpoint.tensors);

  checkpoint.text_heads = heads_of("text", checkpoint.at("ln_final.weight").numel(), kHeadWidth);
  if (!has_modified_resnet(checkpoint))
    checkpoint.vision_heads = vision_heads_of(checkpoint.at("visual.class_embedding").numel());

  if (!is_openai && !activation) {
    throw Error(fmt::format(
        "{}: does not name its activation; add --activation quick_gelu (OpenAI's models and open_clip's "
        "-quickgelu ones) or --activation gelu (open_clip's others)",
        path.string()));
  }
  checkpoint.activation = is_openai ? Activation::quick_gelu : *activation;
  return checkpoint;
}

}  // namespace promptbed
