#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace promptbed {

/// What becomes of a key that an object has twice.
enum class RepeatedKeys {
  last_wins,  ///< as in most readers
  refused,    ///< where readers that disagree would see different numbers
};

/// The JSON in a text from outside; all of it enters here. `source` names it in errors: "model/config.json".
/// Throws Error, with the line where there are several, if it is not JSON, holds a number out of range, is
/// nested more than 100 levels deep or repeats a key that it may not.
nlohmann::json parse_json(std::string_view text, std::string_view source,
                          RepeatedKeys repeated = RepeatedKeys::last_wins);

/// The JSON in a file. Throws Error if it cannot be read, and as parse_json does.
nlohmann::json read_json(const std::filesystem::path& path);

/// A whole number that 64 bits with a sign can hold; nothing for all other JSON, 2.0 and "2" included.
std::optional<int64_t> whole_number(const nlohmann::json& json);

}  // namespace promptbed
