#include "clip/preprocessing.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.h"
#include "clip/checkpoints/layouts.h"

namespace promptbed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHuggingFaceConfig = "preprocessor_config.json";

/// A size is a number, {"shortest_edge": n} or {"height": n, "width": n}.
int64_t side_of(const nlohmann::json& size) {
  if (size.is_number()) return size.get<int64_t>();
  if (size.contains("shortest_edge")) return size.at("shortest_edge").get<int64_t>();
  const auto height = size.at("height").get<int64_t>();
  return height == size.at("width").get<int64_t>() ? height : 0;
}

void check_size(const fs::path& path, const nlohmann::json& config, const std::string& key,
                int64_t expected) {
  if (!config.contains(key)) return;
  if (side_of(config.at(key)) != expected) {
    throw Error(fmt::format("{}: {} is {}; the weights need {}; download the model again", path.string(), key,
                            config.at(key).dump(), expected));
  }
}

/// Hugging Face's preprocessor_config.json.
void read_huggingface(const fs::path& path, const nlohmann::json& config, Preprocessing& preprocessing) {
  check_size(path, config, "size", preprocessing.size);
  check_size(path, config, "crop_size", preprocessing.size);
  preprocessing.mean = config.value("image_mean", preprocessing.mean);
  preprocessing.std = config.value("image_std", preprocessing.std);
}

/// The image part of open_clip_config.json.
void read_open_clip(const nlohmann::json& config, Preprocessing& preprocessing) {
  const nlohmann::json part = config.value("preprocess_cfg", nlohmann::json::object());
  preprocessing.mean = part.value("mean", preprocessing.mean);
  preprocessing.std = part.value("std", preprocessing.std);
}

}  // namespace

Preprocessing read_preprocessing(const fs::path& model, int64_t size) {
  Preprocessing preprocessing;
  preprocessing.size = size;
  const bool is_huggingface = fs::exists(model / kHuggingFaceConfig);
  const fs::path path = model / (is_huggingface ? kHuggingFaceConfig : kOpenClipConfig);
  if (!fs::exists(path)) return preprocessing;
  const nlohmann::json config = read_json(path);
  try {
    is_huggingface ? read_huggingface(path, config, preprocessing) : read_open_clip(config, preprocessing);
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: is not an image preprocessor configuration; download the model again",
                            path.string()));
  }
  return preprocessing;
}

}  // namespace promptbed
