#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace promptbed {

/// The whole file. Throws Error where it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// The JSON in a file. Throws Error naming the file, and the line of a syntax error.
nlohmann::json read_json(const std::filesystem::path& path);

/// Lets `write` fill a temporary file beside `path`, then renames it: readers see the old file or the new
/// one, never a part. Makes the folder where there is none. Whatever `write` throws, nothing is left behind.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path&)>& write);

/// The same for contents that are at hand.
void write_file(const std::filesystem::path& path, std::string_view contents);

}  // namespace promptbed
