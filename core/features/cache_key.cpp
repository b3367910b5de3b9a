#include "features/cache_key.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

namespace promptbed {

NLOHMANN_JSON_SERIALIZE_ENUM(Precision,
                             {{Precision::f32, "f32"}, {Precision::bf16, "bf16"}, {Precision::tf32, "tf32"}})
NLOHMANN_JSON_SERIALIZE_ENUM(StoredType, {{StoredType::f16, "f16"}, {StoredType::f32, "f32"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Resampling,
                             {{Resampling::bicubic, "bicubic"}, {Resampling::bilinear, "bilinear"}})

nlohmann::json to_json(const CacheKey& key) {
  nlohmann::json json = {{"format", kFeatureFormat},
                         {"model", key.model},
                         {"image size", key.preprocessing.size},
                         {"image mean", key.preprocessing.mean},
                         {"image deviation", key.preprocessing.std},
                         {"view recipe", key.view_recipe},
                         {"precision", key.precision},
                         {"stored type", key.stored},
                         {"dataset", key.dataset},
                         {"feature width", key.width}};
  // CLIP's own style and CoOp's crops are left out: files from before there were others have them.
  if (key.crops != CropRange()) json["crops"] = to_string(key.crops);
  if (const ViewStyle& style = key.preprocessing.style; style != ViewStyle()) {
    json["resampling"] = style.resampling;
    json["squashed"] = style.squashed;
  }
  return json;
}

CacheKey cache_key_from_json(const nlohmann::json& json) {
  CacheKey key;
  json.at("model").get_to(key.model);
  json.at("image size").get_to(key.preprocessing.size);
  json.at("image mean").get_to(key.preprocessing.mean);
  json.at("image deviation").get_to(key.preprocessing.std);
  key.preprocessing.style.resampling = json.value("resampling", Resampling::bicubic);
  key.preprocessing.style.squashed = json.value("squashed", false);
  json.at("view recipe").get_to(key.view_recipe);
  if (json.contains("crops")) {
    try {
      key.crops = parse_crops(json.at("crops").get<std::string>(), "crops");
    } catch (const Error& fault) {
      throw nlohmann::json::other_error::create(501, fault.what(), nullptr);
    }
  }
  json.at("precision").get_to(key.precision);
  json.at("stored type").get_to(key.stored);
  json.at("dataset").get_to(key.dataset);
  json.at("feature width").get_to(key.width);
  return key;
}

std::string difference(const CacheKey& found, const CacheKey& expected) {
  const nlohmann::json had = to_json(found), wanted = to_json(expected);
  nlohmann::json names = had;
  names.update(wanted);
  for (const auto& [name, any] : names.items()) {
    const nlohmann::json value = had.value(name, nlohmann::json()),
                         other = wanted.value(name, nlohmann::json());
    if (value != other) return fmt::format("{} {}, not {}", name, value.dump(), other.dump());
  }
  return {};
}

std::filesystem::path sealed_path(const std::filesystem::path& folder, const CacheKey& key) {
  const bool is_plain = key.precision == Precision::f32;
  return folder /
         fmt::format("{}{}{}.h5", key.dataset, is_plain ? "" : ".", is_plain ? "" : to_string(key.precision));
}

std::filesystem::path cache_path(const std::filesystem::path& folder, const CacheKey& key) {
  std::filesystem::path path = sealed_path(folder / key.model.substr(0, kModelDigits), key);
  if (key.crops != CropRange()) path.replace_extension(fmt::format("crops{}.h5", to_string(key.crops)));
  return path;
}

std::filesystem::path test_views_path(const std::filesystem::path& folder, const CacheKey& key) {
  return cache_path(folder, key).replace_extension("test-views.h5");
}

}  // namespace promptbed
