#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "clip/preprocessing.h"
#include "clip/towers/layers.h"
#include "data/pictures/view.h"

namespace promptbed {

/// The version of a feature file's layout. Other versions are refused.
inline constexpr int kFeatureFormat = 2;

/// The type that features are stored as.
enum class StoredType { f16, f32 };

/// Everything that the features of a dataset depend on besides its images. A cache file has one key.
struct CacheKey {
  std::string model;  ///< Checkpoint::fingerprint()
  Preprocessing preprocessing;
  Precision precision = Precision::f32;  ///< of the image tower
  StoredType stored = StoredType::f16;
  std::string dataset;  ///< its id
  int64_t width = 0;    ///< D
  int view_recipe = kViewRecipeVersion;
  CropRange crops = {};  ///< of its views
};

/// The key as the file stores it, with the version of the file's format.
nlohmann::json to_json(const CacheKey& key);

/// The reverse. Throws nlohmann::json::exception if a field is missing or of another type.
CacheKey cache_key_from_json(const nlohmann::json& json);

/// The first difference: "model a1b2, not c3d4"; empty if the keys are equal.
std::string difference(const CacheKey& found, const CacheKey& expected);

/// <folder>/<dataset>.h5, or <dataset>.bf16.h5: a sealed file, in a folder for one model.
std::filesystem::path sealed_path(const std::filesystem::path& folder, const CacheKey& key);

/// Digits of a model's fingerprint that name its folder.
inline constexpr size_t kModelDigits = 16;

/// The same in <folder>/<first 16 digits of the model's fingerprint>: a cache, in a folder for all models,
/// and named after the crops, too, unless they are CoOp's: <dataset>.crops0.7-1.h5.
std::filesystem::path cache_path(const std::filesystem::path& folder, const CacheKey& key);

/// Beside it, <dataset>.test-views.h5: random crops of test images, apart from what most runs read.
std::filesystem::path test_views_path(const std::filesystem::path& folder, const CacheKey& key);

}  // namespace promptbed
