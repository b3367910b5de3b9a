#include "features/cache_key.h"

#include <fmt/format.h>
#include <promptbed/error.h>

#include <nlohmann/json.hpp>

#include "base/names.h"

namespace promptbed {

namespace {

constexpr Named<StoredType> kStoredTypes[] = {{StoredType::f16, "f16"}, {StoredType::f32, "f32"}};
constexpr Named<Resampling> kResamplings[] = {{Resampling::bicubic, "bicubic"},
                                              {Resampling::bilinear, "bilinear"}};

/// What is made of a text, the fault of which is the JSON's.
template <class Parse>
auto parsed(const nlohmann::json& text, const Parse& parse) {
  try {
    return parse(text.get_ref<const std::string&>());
  } catch (const Error& fault) {
    throw nlohmann::json::other_error::create(501, fault.what(), nullptr);
  }
}

template <class Value, size_t kCount>
Value value_at(const nlohmann::json& json, const char* key, const Named<Value> (&names)[kCount]) {
  return parsed(json.at(key), [&](const std::string& text) { return from_name(names, text); });
}

}  // namespace

nlohmann::json to_json(const CacheKey& key) {
  nlohmann::json json = {{"format", kFeatureFormat},
                         {"model", key.model},
                         {"image size", key.preprocessing.size},
                         {"image mean", key.preprocessing.mean},
                         {"image deviation", key.preprocessing.std},
                         {"view recipe", key.view_recipe},
                         {"precision", to_string(key.precision)},
                         {"stored type", to_name(kStoredTypes, key.stored)},
                         {"dataset", key.dataset},
                         {"feature width", key.width}};
  // CLIP's own style and CoOp's crops are left out: files from before there were others have them.
  if (key.crops != CropRange()) json["crops"] = to_string(key.crops);
  if (const ViewStyle& style = key.preprocessing.style; style != ViewStyle()) {
    json["resampling"] = to_name(kResamplings, style.resampling);
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
  if (json.contains("resampling"))
    key.preprocessing.style.resampling = value_at(json, "resampling", kResamplings);
  key.preprocessing.style.squashed = json.value("squashed", false);
  json.at("view recipe").get_to(key.view_recipe);
  if (json.contains("crops"))
    key.crops = parsed(json.at("crops"), [](const std::string& text) { return parse_crops(text, "crops"); });
  key.precision = value_at(json, "precision", kPrecisions);
  key.stored = value_at(json, "stored type", kStoredTypes);
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
