#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "data/layouts/split.h"

/// Splits as CoOp distributes them (split_zhou_*.json): {"train": [["path", label, "class name"], ...],
/// "val": [...], "test": [...]}. Draw files hold the same lists.
namespace promptbed {

/// The three lists of a split file. Throws Error if it is malformed.
Split read_zhou_split(const std::filesystem::path& file);

/// Writes a split with exactly the bytes that the reference writes. Throws Error if it cannot.
void write_zhou_split(const std::filesystem::path& file, const Split& split);

/// One list. Throws Error naming `file` if `json` has no such list under the key.
std::vector<Image> read_image_list(const nlohmann::json& json, const char* key,
                                   const std::filesystem::path& file);

/// The reverse.
nlohmann::ordered_json image_list(const std::vector<Image>& images);

}  // namespace promptbed
