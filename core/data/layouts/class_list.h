#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace promptbed {

/// Class names from a file: a JSON list of texts, or one name a line. Nothing where the file holds a JSON
/// object, which gives names by dataset (given_names.h). Throws Error where it cannot be read, holds no name,
/// an empty one, or one twice.
std::optional<std::vector<std::string>> read_class_list(const std::filesystem::path& file);

}  // namespace promptbed
