#include "clip/preprocessing.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "clip/checkpoints/layouts.h"
#include "formats/model_settings.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kProcessor = "processor_config.json";
constexpr const char* kImageProcessor = "preprocessor_config.json";
constexpr double kByteScale = 1.0 / 255;

/// Pillow's numbers of its filters.
constexpr int64_t kPillowBilinear = 2;
constexpr int64_t kPillowBicubic = 3;

/// Three numbers, or one for all channels.
std::array<float, 3> channels(const ModelSettings& settings, const std::string& key,
                              const std::array<float, 3>& absent) {
  const json value = settings.value(key);
  if (value.is_null()) return absent;
  if (value.is_number()) {
    std::array<float, 3> all;
    all.fill(value.get<float>());
    return all;
  }
  const bool is_triple = value.is_array() && value.size() == absent.size() &&
                         std::ranges::all_of(value, [](const json& entry) { return entry.is_number(); });
  if (!is_triple) settings.refuse(key, "it should be three numbers; download the model again");
  return value.get<std::array<float, 3>>();
}

/// Reads mean and standard deviation, which have to leave something of an image.
void read_normalisation(const ModelSettings& settings, const std::string& mean, const std::string& deviation,
                        Preprocessing& preprocessing) {
  preprocessing.mean = channels(settings, mean, preprocessing.mean);
  preprocessing.std = channels(settings, deviation, preprocessing.std);
  const auto is_usable = [](float value) { return std::isfinite(value) && value > 0; };
  if (!std::ranges::all_of(preprocessing.std, is_usable))
    settings.refuse(deviation, "images cannot be divided by it; give numbers above 0");
  if (!std::ranges::all_of(preprocessing.mean, [](float value) { return std::isfinite(value); }))
    settings.refuse(mean, "give numbers that f32 can hold");
}

[[noreturn]] void refuse_size(const ModelSettings& settings, const std::string& key, int64_t needed) {
  settings.refuse(key, fmt::format("the weights need {}; download the model again", needed));
}

/// Hugging Face's size: a number, {"shortest_edge": n}, {"height": n, "width": n} or [n, n].
struct GivenSize {
  std::vector<int64_t> sides;  ///< one, or height and width
  bool of_short_side = false;  ///< the other follows by the image's proportions
};

GivenSize size_in(const ModelSettings& settings, const std::string& key, bool number_is_short_side) {
  const json value = settings.value(key);
  if (value.is_number_integer()) return {{value.get<int64_t>()}, number_is_short_side};
  if (value.is_array()) {
    GivenSize size;
    for (const json& side : value) size.sides.push_back(side.is_number_integer() ? side.get<int64_t>() : 0);
    return size;
  }
  const ModelSettings sides = settings.part(key);
  if (sides.has("longest_edge")) sides.refuse("longest_edge", "runner resizes by the shortest; leave it out");
  if (sides.has("shortest_edge")) return {{sides.whole("shortest_edge", 0)}, true};
  return {{sides.whole("height", 0), sides.whole("width", 0)}, false};
}

void check_size(const ModelSettings& settings, const std::string& key, const GivenSize& size,
                int64_t needed) {
  const bool fits = !size.sides.empty() && size.sides.size() <= 2 &&
                    std::ranges::all_of(size.sides, [&](int64_t side) { return side == needed; });
  if (!fits) refuse_size(settings, key, needed);
}

/// Resize and crop, which together have to give what the weights need.
void read_huggingface_size(const ModelSettings& settings, Preprocessing& preprocessing) {
  settings.require("do_resize", true);
  GivenSize size{{preprocessing.size}, true};
  if (settings.has("size")) size = size_in(settings, "size", /*number_is_short_side=*/true);
  check_size(settings, "size", size, preprocessing.size);
  preprocessing.style.squashed = !size.of_short_side || settings.flag("use_square_size", false);
  if (!settings.flag("do_center_crop", true)) {
    if (!preprocessing.style.squashed) {
      settings.refuse("do_center_crop",
                      fmt::format("images that are not square would not fit the weights; crop, or give "
                                  "\"size\": {{\"height\": {0}, \"width\": {0}}}",
                                  preprocessing.size));
    }
  } else if (settings.has("crop_size")) {
    check_size(settings, "crop_size", size_in(settings, "crop_size", /*number_is_short_side=*/false),
               preprocessing.size);
  }
}

Resampling huggingface_resampling(const ModelSettings& settings) {
  const int64_t number = settings.whole("resample", kPillowBicubic);
  if (number == kPillowBilinear) return Resampling::bilinear;
  if (number != kPillowBicubic)
    settings.refuse("resample", "runner resizes with 3 (bicubic) and 2 (bilinear); give a model with these");
  return Resampling::bicubic;
}

/// Puts a rescaling of bytes by another factor than 1/255 into mean and deviation:
/// (k x - m) / s = (x - m / k) / (s / k).
void rescale(const ModelSettings& settings, Preprocessing& preprocessing) {
  const double factor =
      settings.flag("do_rescale", true) ? settings.number("rescale_factor", kByteScale) : 1.0;
  if (static_cast<float>(factor) == static_cast<float>(kByteScale)) return;
  if (!(factor > 0) || !std::isfinite(factor))
    settings.refuse("rescale_factor", "nothing is left of an image; give a number above 0");
  const auto k = static_cast<float>(factor / kByteScale);
  for (float& mean : preprocessing.mean) mean /= k;
  for (float& deviation : preprocessing.std) deviation /= k;
}

/// Steps that CLIP's processor does not have, "do_pad" and the like, and other processors, whose defaults
/// differ.
void check_processor(const ModelSettings& settings) {
  for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
    const std::string type = settings.text(key, "CLIP");
    if (!type.starts_with("CLIP"))
      settings.refuse(key, "its defaults are not CLIP's; give a model with a CLIPImageProcessor");
  }
  static const std::vector<std::string> known = {"do_resize", "do_center_crop", "do_rescale", "do_normalize",
                                                 "do_convert_rgb"};
  for (const std::string& key : settings.keys()) {
    if (key.starts_with("do_") && std::ranges::find(known, key) == known.end() &&
        settings.value(key) == json(true))
      settings.refuse(key, "runner does not have this step; give a model with CLIP's preprocessing");
  }
}

Preprocessing of_huggingface(const ModelSettings& settings, int64_t size) {
  Preprocessing preprocessing{.size = size};
  check_processor(settings);
  read_huggingface_size(settings, preprocessing);
  preprocessing.style.resampling = huggingface_resampling(settings);
  if (settings.flag("do_normalize", true)) {
    read_normalisation(settings, "image_mean", "image_std", preprocessing);
  } else {
    preprocessing.mean.fill(0);
    preprocessing.std.fill(1);
  }
  rescale(settings, preprocessing);
  return preprocessing;
}

/// The settings in preprocessor_config.json, or in the part of processor_config.json that newer versions of
/// transformers write; nothing if the file is not there.
std::optional<Preprocessing> read_huggingface(const fs::path& path, int64_t size) {
  if (!fs::exists(path)) return std::nullopt;
  const ModelSettings settings(read_json(path), path.string());
  if (settings.has("image_processor")) return of_huggingface(settings.part("image_processor"), size);
  if (path.filename() == kProcessor) return std::nullopt;
  return of_huggingface(settings, size);
}

Preprocessing read_open_clip(const fs::path& path, int64_t size) {
  const ModelSettings settings = ModelSettings(read_json(path), path.string()).part("preprocess_cfg");
  Preprocessing preprocessing{.size = size};
  if (settings.has("size")) check_size(settings, "size", size_in(settings, "size", false), size);
  settings.require("mode", "RGB");
  const std::string mode = settings.text("resize_mode", "shortest");
  if (mode != "shortest" && mode != "squash")
    settings.refuse("resize_mode", "runner has \"shortest\" and \"squash\"; give a model with one of these");
  const std::string resampling = settings.text("interpolation", "bicubic");
  if (resampling != "bicubic" && resampling != "bilinear" && resampling != "random") {
    settings.refuse("interpolation",
                    "runner has \"bicubic\" and \"bilinear\"; give a model with one of these");
  }
  preprocessing.style.squashed = mode == "squash";
  // "random" is for training; open_clip tests such a model with bicubic.
  if (resampling == "bilinear") preprocessing.style.resampling = Resampling::bilinear;
  read_normalisation(settings, "mean", "std", preprocessing);
  return preprocessing;
}

}  // namespace

Preprocessing read_preprocessing(const fs::path& model, int64_t size) {
  const fs::path open_clip = model / kOpenClipConfig;
  if (is_open_clip_folder(model)) return read_open_clip(open_clip, size);
  const auto own = read_huggingface(model / kImageProcessor, size);
  const auto nested = read_huggingface(model / kProcessor, size);
  if (own && nested && *own != *nested) {
    throw Error(fmt::format("{}: {} and {} disagree about images; remove the one that is wrong",
                            model.string(), kImageProcessor, kProcessor));
  }
  if (own || nested) return own ? *own : *nested;
  if (fs::exists(open_clip)) return read_open_clip(open_clip, size);
  return {.size = size};
}

}  // namespace promptbed
