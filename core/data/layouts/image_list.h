#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "data/layouts/split.h"

namespace promptbed {

/// Lists of images in the form that split files and draws have: [["path", label, "class name"], ...].

/// Throws Error naming the file where `json` has no such list under the key.
std::vector<Image> read_image_list(const nlohmann::json& json, const char* key,
                                   const std::filesystem::path& file);

/// The reverse.
nlohmann::ordered_json image_list(const std::vector<Image>& images);

}  // namespace promptbed
